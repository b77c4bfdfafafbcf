// A dialog on the browser's own <dialog>: it keeps the focus inside, closes on
// Escape, and gives the focus back.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Cross } from './icons';
import { t } from './i18n';

export function Dialog(props: { title: string; onClose: () => void; children: ComponentChildren }) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    ref.current!.showModal();
  }, []);
  const outside = (e: MouseEvent) => {
    if (e.target === ref.current) props.onClose();
  };
  return (
    <dialog ref={ref} aria-label={props.title} onClose={props.onClose} onMouseDown={outside}>
      <div class="sheet">
        <header>
          <h2>{props.title}</h2>
          <button type="button" class="round" aria-label={t('close')} title={t('close')} onClick={props.onClose}>
            <Cross />
          </button>
        </header>
        {props.children}
      </div>
    </dialog>
  );
}
