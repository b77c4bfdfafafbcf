// Where one writes. Works the same without a connection.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Conversation } from '../sdk/index';
import { draftOf, keepDraft } from './drafts';
import { useClient } from './hooks';
import { Send } from './icons';
import { t } from './i18n';
import { EnterToSend } from './ime';

const CHARS_MAX = 4000;
const TALL_PX = 180;

export function Composer({ c, onSent }: { c: Conversation; onSent: () => void }) {
  const client = useClient();
  const field = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState(() => draftOf(c.conv));
  const over = Array.from(text).length - CHARS_MAX;

  const change = (next: string) => {
    setText(next);
    keepDraft(c.conv, next);
  };
  const send = () => {
    // The field, not the state: a composition may have ended just now.
    const written = field.current!.value.trim();
    if (!written || Array.from(written).length > CHARS_MAX) return;
    client.send(c.conv, written);
    field.current!.value = '';
    change('');
    onSent();
  };
  const latest = useRef(send);
  latest.current = send;
  const [enter] = useState(() => new EnterToSend(() => latest.current()));

  useEffect(() => {
    const area = field.current!;
    if (matchMedia('(pointer: fine)').matches) area.focus();
    // Not as properties: elements have no oncompositionstart.
    area.addEventListener('compositionstart', () => enter.compositionStart());
    area.addEventListener('compositionupdate', (e) => enter.compositionUpdate(e.data));
    area.addEventListener('compositionend', (e) => enter.compositionEnd(e.data));
    const toField = (e: KeyboardEvent) => {
      if (e.key === 'Escape' && !document.querySelector('dialog[open]')) field.current?.focus();
    };
    window.addEventListener('keydown', toField);
    return () => window.removeEventListener('keydown', toField);
  }, []);
  useLayoutEffect(() => {
    const area = field.current!;
    area.style.height = 'auto';
    area.style.height = `${Math.min(area.scrollHeight, TALL_PX)}px`;
  }, [text]);

  return (
    <form
      class="composer"
      onSubmit={(e) => {
        e.preventDefault();
        send();
      }}
    >
      <textarea
        ref={field}
        rows={1}
        value={text}
        placeholder={t('compose')}
        aria-label={t('composeTo', { name: c.title })}
        aria-describedby={over > 0 ? 'over' : undefined}
        enterkeyhint="send"
        onInput={(e) => {
          change(e.currentTarget.value);
          if (e.currentTarget.value.trim()) client.people.type(c.conv);
        }}
        onKeyDown={(e) => enter.keyDown(e)}
      />
      {over > 0 && (
        <span class="over" id="over" role="alert">
          {t('tooLong', { n: over })}
        </span>
      )}
      <button class="send" aria-label={t('send')} title={t('send')} disabled={!text.trim() || over > 0}>
        <Send />
      </button>
    </form>
  );
}
