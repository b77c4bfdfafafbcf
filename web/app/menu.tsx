// What one can do with a message: a small dialog beside it, or a sheet from
// below on a phone.
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ChatEvent, Conversation } from '../sdk/index';
import { useClient } from './hooks';
import { t } from './i18n';
import type { Mode } from './composer';

export const EMOJI = ['👍', '❤️', '😂', '😮', '😢', '🎉'];

interface Props {
  c: Conversation;
  event: ChatEvent;
  at: HTMLElement;
  onMode: (mode: Mode) => void;
  onClose: () => void;
}

/** Below the button, or above it where there is no room; inside the window. */
function put(menu: HTMLDialogElement, at: HTMLElement): void {
  if (matchMedia('(max-width: 720px)').matches) return;
  const { top, bottom, left, right } = at.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const y = bottom + height + 12 < innerHeight ? bottom + 4 : Math.max(8, top - height - 4);
  const x = (left + right) / 2 < innerWidth / 2 + 60 ? left : right - width;
  menu.style.top = `${y}px`;
  menu.style.left = `${Math.max(8, Math.min(x, innerWidth - width - 8))}px`;
}

export function MessageMenu({ c, event: e, at, onMode, onClose }: Props) {
  const client = useClient();
  const ref = useRef<HTMLDialogElement>(null);
  const [sure, setSure] = useState<'all' | 'me'>();
  const mine = e.from === client.me;
  const rules = c.kind === 'group' && (c.role === 'owner' || c.role === 'admin');
  const member = c.role !== 'none';
  const my = e.reactions?.find((r) => r.users.includes(client.me))?.emoji;

  useLayoutEffect(() => {
    if (!ref.current!.open) ref.current!.showModal();
    put(ref.current!, at);
  }, [sure]);
  const done = (what: () => void) => () => {
    ref.current!.close();
    what();
  };
  const erase = done(() => {
    if (sure === 'all') client.change(c.conv, { type: 'message.delete', seq: e.seq });
    else client.hide(c.conv, e.seq).catch(() => {});
  });
  const item = (text: string, what: () => void, kind = '') => (
    <button type="button" class={kind} onClick={what}>
      {text}
    </button>
  );
  return (
    <dialog
      ref={ref}
      class="menu"
      aria-label={t('actions')}
      onClose={onClose}
      onMouseDown={(ev) => ev.target === ref.current && ref.current!.close()}
    >
      {sure ? (
        <div class="acts">
          <p>{t(sure === 'all' ? 'deleteAllSure' : 'deleteMeSure')}</p>
          {item(t('discard'), erase, 'danger')}
          {item(t('cancel'), () => setSure(undefined))}
        </div>
      ) : (
        <div class="acts">
          {member && !e.deleted && (
            <div class="emojis emoji" role="group" aria-label={t('react')}>
              {EMOJI.map((emoji) => (
                <button
                  key={emoji}
                  type="button"
                  aria-label={t('reactWith', { emoji })}
                  aria-pressed={emoji === my}
                  onClick={done(() => react(client, e, emoji))}
                >
                  {emoji}
                </button>
              ))}
            </div>
          )}
          {member && !e.deleted && item(t('reply'), done(() => onMode({ kind: 'reply', event: e })))}
          {mine && member && !e.deleted && item(t('edit'), done(() => onMode({ kind: 'edit', event: e })))}
          {!e.deleted && item(t('copy'), done(() => void navigator.clipboard?.writeText(e.body.text ?? '')))}
          {(mine || rules) && !e.deleted && item(t('deleteAll'), () => setSure('all'), 'risky')}
          {item(t('deleteMe'), () => setSure('me'), 'risky')}
        </div>
      )}
    </dialog>
  );
}

/** The same emoji again takes it back. */
export function react(client: ReturnType<typeof useClient>, e: ChatEvent, emoji: string): void {
  const mine = e.reactions?.find((r) => r.users.includes(client.me))?.emoji === emoji;
  const change = mine ? ({ type: 'message.unreact' } as const) : ({ type: 'message.react', emoji } as const);
  client.change(e.conv, { ...change, seq: e.seq });
}
