// Search in what is loaded of a conversation, from the latest backwards.
import { useEffect, useRef, useState } from 'preact/hooks';
import { useClientEvents } from './hooks';
import { Cross, Under, Up } from './icons';
import { t } from './i18n';

export function Find(props: { conv: string; go: (seq: number) => void; onClose: () => void }) {
  const client = useClientEvents(['changed'], props.conv);
  const [wanted, setWanted] = useState('');
  const [shown, setShown] = useState(0); // the seq: what comes moves no places
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current!.focus(), []);
  const matches = (text: string): number[] => {
    const needle = text.trim().normalize().toLocaleLowerCase();
    if (!needle) return [];
    return client
      .events(props.conv)
      .filter((e) => e.kind === 'message' && e.body.text?.normalize().toLocaleLowerCase().includes(needle))
      .map((e) => e.seq)
      .reverse();
  };
  const found = matches(wanted);
  const at = Math.max(0, found.indexOf(shown));
  const show = (list: number[], next: number) => {
    const seq = list[Math.max(0, Math.min(list.length - 1, next))] ?? 0;
    setShown(seq);
    if (seq) props.go(seq);
  };
  return (
    <search class="finding">
      <input
        ref={field}
        type="search"
        value={wanted}
        placeholder={t('findHere')}
        aria-label={t('findHere')}
        onInput={(e) => {
          setWanted(e.currentTarget.value);
          show(matches(e.currentTarget.value), 0);
        }}
        onKeyDown={(e) => {
          if (e.key === 'Enter' && !e.isComposing) show(found, at + (e.shiftKey ? -1 : 1));
          if (e.key !== 'Escape') return;
          e.stopPropagation();
          props.onClose();
        }}
      />
      <output aria-live="polite">
        {wanted.trim() && (found.length > 0 ? t('foundOf', { at: at + 1, n: found.length }) : t('noMatch'))}
      </output>
      <button type="button" class="round" disabled={at >= found.length - 1} aria-label={t('earlier')} onClick={() => show(found, at + 1)}>
        <Up />
      </button>
      <button type="button" class="round" disabled={at === 0} aria-label={t('later')} onClick={() => show(found, at - 1)}>
        <Under />
      </button>
      <button type="button" class="round" aria-label={t('close')} onClick={props.onClose}>
        <Cross />
      </button>
    </search>
  );
}
