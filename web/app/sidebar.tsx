// The list: conversations with what is unread, and friends.
import type { Ref } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Conversation } from '../sdk/index';
import { Avatar } from './avatar';
import { draftOf } from './drafts';
import { Friends } from './friends';
import { useClient, useClientEvents, useTick } from './hooks';
import { Gear, Pencil, Search } from './icons';
import { t } from './i18n';
import { line } from './message';
import { eventLine, nameOf } from './names';
import { lastShown } from './rows';
import { brief, full } from './time';
import { Connection } from './way';

const PREVIEWS = 20; // conversations whose last message is looked up
const WATCHED = 200;

interface Props {
  conv?: string;
  onConv: (conv: string) => void;
  filter: Ref<HTMLInputElement>;
  onNew: () => void;
  onSettings: () => void;
}

export function Sidebar(props: Props) {
  const client = useClientEvents(['people']);
  const [tab, setTab] = useState<'chats' | 'friends'>('chats');
  const asks = client.people.friends.filter((f) => f.state === 'asks_me').length;
  const me = nameOf(client, client.me);
  return (
    <aside class="side">
      <header class="top">
        <Avatar id={client.me} name={me} small />
        <h1 title={me}>{me}</h1>
        <button type="button" class="round" aria-label={t('newChat')} title={t('newChat')} onClick={props.onNew}>
          <Pencil />
        </button>
        <button type="button" class="round" aria-label={t('settings')} title={t('settings')} onClick={props.onSettings}>
          <Gear />
        </button>
      </header>
      <div class="tabs" role="tablist">
        {(['chats', 'friends'] as const).map((name) => (
          <button key={name} type="button" role="tab" aria-selected={tab === name} onClick={() => setTab(name)}>
            {t(name)}
            {name === 'friends' && asks > 0 && <span class="badge">{asks}</span>}
          </button>
        ))}
      </div>
      {tab === 'chats' ? (
        <Chats {...props} />
      ) : (
        <Friends
          onConv={(conv) => {
            setTab('chats');
            props.onConv(conv);
          }}
        />
      )}
      <Connection />
    </aside>
  );
}

function Chats({ conv, onConv, filter }: Props) {
  const client = useClientEvents(['changed', 'people', 'typing']);
  const [wanted, setWanted] = useState('');
  useTick(60_000);
  const all = client.conversations();
  const needle = wanted.trim().toLocaleLowerCase();
  const list = needle ? all.filter((c) => c.title.toLocaleLowerCase().includes(needle)) : all;
  const peers = all.flatMap((c) => (c.peer ? [c.peer] : [])).slice(0, WATCHED);
  const watch = [...new Set([...peers, ...client.people.friends.map((f) => f.user)])].sort();
  useEffect(() => client.people.watch(watch), [client, watch.join()]);
  usePreviews(all);

  const move = (e: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    const rows = [...(e.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('.entry')];
    const at = rows.indexOf(document.activeElement as HTMLElement);
    if (!step) return;
    e.preventDefault();
    rows[Math.max(0, Math.min(rows.length - 1, at + step))]?.focus();
  };
  const enter = (e: KeyboardEvent) => {
    if (e.key === 'Escape') setWanted('');
    if (e.key === 'Enter' && !e.isComposing && list[0]) {
      setWanted('');
      onConv(list[0].conv);
    }
  };
  const focusable = list.some((c) => c.conv === conv) ? conv : list[0]?.conv;
  return (
    <div class="chats" onKeyDown={move}>
      <label class="find">
        <Search />
        <input
          ref={filter}
          type="search"
          class="entry"
          placeholder={t('filter')}
          aria-label={t('filter')}
          value={wanted}
          onInput={(e) => setWanted(e.currentTarget.value)}
          onKeyDown={enter}
        />
        <kbd>{/Mac|iP/.test(navigator.platform) ? '⌘K' : 'Ctrl K'}</kbd>
      </label>
      {list.length === 0 && <Empty all={all.length === 0} />}
      <ul>
        {list.map((c) => (
          <Entry key={c.conv} c={c} current={c.conv === conv} focusable={c.conv === focusable} onConv={onConv} />
        ))}
      </ul>
    </div>
  );
}

function Empty({ all }: { all: boolean }) {
  if (!all) return <p class="hint empty">{t('noMatch')}</p>;
  return (
    <div class="empty">
      <p>{t('noChats')}</p>
      <p class="hint">{t('noChatsHint')}</p>
    </div>
  );
}

/** The last messages of the first conversations, looked up once. */
function usePreviews(list: Conversation[]): void {
  const client = useClient();
  const live = useClientEvents(['status']).status.state === 'live';
  const lacking = list.slice(0, PREVIEWS).filter((c) => c.head > 0 && client.events(c.conv).length === 0);
  const key = lacking.map((c) => c.conv).join();
  useEffect(() => {
    if (live) for (const c of lacking) client.loadOlder(c.conv).catch(() => {});
  }, [client, live, key]);
}

function preview(client: ReturnType<typeof useClient>, c: Conversation, current: boolean): string {
  const draft = current ? '' : draftOf(c.conv);
  if (draft) return t('draft', { text: draft });
  const typing = client.people.typing(c.conv)[0];
  if (typing) return t('typing1', { a: nameOf(client, typing) });
  const mine = client.outbox.of(c.conv).at(-1);
  if (mine) return t('previewMine', { text: mine.text });
  const last = lastShown(client.events(c.conv));
  if (!last) return '';
  if (last.kind !== 'message') return eventLine(client, last);
  const text = line(last);
  if (last.from === client.me) return t('previewMine', { text });
  return c.kind === 'group' ? `${nameOf(client, last.from)}: ${text}` : text;
}

function Entry(props: { c: Conversation; current: boolean; focusable: boolean; onConv: (conv: string) => void }) {
  const { c } = props;
  const client = useClient();
  return (
    <li>
      <button
        type="button"
        class={`entry ${c.unread > 0 ? 'fresh' : ''}`}
        aria-current={props.current ? 'page' : undefined}
        tabIndex={props.focusable ? 0 : -1}
        onClick={() => props.onConv(c.conv)}
      >
        <Avatar id={c.peer ?? c.conv} name={c.title} user={c.peer} group={c.kind === 'group'} />
        <span class="what">
          <span class="line">
            <strong>{c.title}</strong>
            {c.ts > 0 && <time title={full(c.ts)}>{brief(c.ts, client.now())}</time>}
          </span>
          <span class="line">
            <span class="preview">{preview(client, c, props.current)}</span>
            {c.unread > 0 && !props.current && (
              <span class="badge" aria-label={t('unread', { n: c.unread })}>
                {c.unread > 99 ? '99+' : c.unread}
              </span>
            )}
          </span>
        </span>
      </button>
    </li>
  );
}
