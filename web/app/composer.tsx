// Where one writes: a message, an answer to one, another text for one. Works
// the same without a connection.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ChatEvent, Conversation } from '../sdk/index';
import { draftOf, keepDraft } from './drafts';
import { useClient } from './hooks';
import { Cross, Send } from './icons';
import { t } from './i18n';
import { EnterToSend } from './ime';
import { mentioned } from './mentions';
import { line } from './message';
import { nameOf } from './names';
import { Suggestions, useCompletion } from './completion';

const CHARS_MAX = 4000;
const TALL_PX = 180;

/** What the next Enter does. */
export type Mode = { kind: 'write' } | { kind: 'reply' | 'edit'; event: ChatEvent };
export const WRITE: Mode = { kind: 'write' };

interface Props {
  c: Conversation;
  mode: Mode;
  onMode: (mode: Mode) => void;
  onSent: () => void;
}

/** The last message of one's own that can be edited. */
function lastOwn(events: ChatEvent[], me: string): ChatEvent | undefined {
  for (let i = events.length - 1; i >= 0; i--) {
    const e = events[i]!;
    if (e.kind === 'message' && e.from === me && !e.deleted) return e;
  }
  return undefined;
}

export function Composer({ c, mode, onMode, onSent }: Props) {
  const client = useClient();
  const field = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState(() => draftOf(c.conv));
  const over = Array.from(text).length - CHARS_MAX;

  const change = (next: string) => {
    setText(next);
    if (mode.kind !== 'edit') keepDraft(c.conv, next);
  };
  const completion = useCompletion(client, c, field, change);
  const leave = () => {
    onMode(WRITE);
    if (mode.kind === 'edit') setText(draftOf(c.conv));
  };
  const send = () => {
    // The field, not the state: a composition may have ended just now.
    const written = field.current!.value.trim();
    if (!written || Array.from(written).length > CHARS_MAX) return;
    const mentions = mentioned(written, completion.people);
    const named = mentions.length > 0 ? { mentions } : {};
    if (mode.kind === 'edit') {
      if (written !== mode.event.body.text) {
        client.change(c.conv, { type: 'message.edit', seq: mode.event.seq, text: written, ...named });
      }
      leave();
      return;
    }
    client.send(c.conv, written, mode.kind === 'reply' ? { reply_to: mode.event.seq, ...named } : named);
    field.current!.value = '';
    change('');
    onMode(WRITE);
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
  // At once: the next key belongs to the text that is edited.
  useLayoutEffect(() => {
    if (mode.kind === 'edit') setText(mode.event.body.text ?? '');
    if (mode.kind !== 'write') field.current!.focus();
  }, [mode]);

  const keyDown = (e: KeyboardEvent) => {
    if (completion.keyDown(e)) return;
    if (e.key === 'Escape' && mode.kind !== 'write' && !e.isComposing) leave();
    const own = e.key === 'ArrowUp' && !field.current!.value && lastOwn(client.events(c.conv), client.me);
    if (own) {
      e.preventDefault();
      onMode({ kind: 'edit', event: own });
    } else enter.keyDown(e);
  };

  return (
    <div class="writing">
      {mode.kind !== 'write' && (
        <div class="about">
          <span>
            <strong>
              {mode.kind === 'edit' ? t('editing') : t('replyTo', { name: nameOf(client, mode.event.from) })}
            </strong>
            <span>{line(mode.event)}</span>
          </span>
          <button type="button" class="round" aria-label={t('cancel')} title={t('cancel')} onClick={leave}>
            <Cross />
          </button>
        </div>
      )}
      <Suggestions completion={completion} />
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
          aria-autocomplete="list"
          aria-controls={completion.open ? 'mentions' : undefined}
          aria-activedescendant={completion.open ? `mention${completion.at}` : undefined}
          enterkeyhint="send"
          onInput={(e) => {
            change(e.currentTarget.value);
            completion.look();
            if (e.currentTarget.value.trim()) client.people.type(c.conv);
          }}
          onKeyDown={keyDown}
          onClick={completion.look}
          onBlur={completion.close}
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
    </div>
  );
}
