// One message as a bubble, drawn again only when something about it changed.
import { Component } from 'preact';
import type { Client, ChatEvent, Outgoing } from '../sdk/index';
import { Avatar } from './avatar';
import { useClient } from './hooks';
import { Check, Checks, Clock, Dots, Warn } from './icons';
import { errorText, lang, t } from './i18n';
import { linked } from './links';
import type { Named } from './mentions';
import { nameOf } from './names';
import { clock, full } from './time';

/** What one can do with a message; the same function at every drawing. */
export interface Deeds {
  menu: (e: ChatEvent, at: HTMLElement) => void;
  react: (e: ChatEvent, emoji: string) => void;
  go: (seq: number) => void;
}

interface Shape {
  first: boolean;
  last: boolean;
}

interface MessageProps extends Shape {
  event: ChatEvent;
  mine: boolean;
  name: string;
  lang: string;
  group: boolean;
  me: string;
  /** Named in the message and in the reactions, as words, so that a name
   *  that becomes known draws again. */
  people: string;
  quoted?: ChatEvent;
  quotedName: string;
  receipt: string;
  found: boolean;
  roving: boolean;
  deeds: Deeds;
}

function differ<T extends object>(a: T, b: T): boolean {
  return (Object.keys({ ...a, ...b }) as (keyof T)[]).some((key) => a[key] !== b[key]);
}

const parse = (people: string): Named[] =>
  people === '' ? [] : people.split('\n').map((line) => ({ user: line.slice(0, 13), name: line.slice(13) }));

/** The text of a message where there is room for a line. */
export function line(e: ChatEvent | undefined): string {
  if (!e || e.kind !== 'message') return t('quoteUnknown');
  return e.deleted ? t('deletedMessage') : (e.body.text ?? '');
}

class Drawn extends Component<MessageProps> {
  override shouldComponentUpdate(next: MessageProps) {
    return differ(this.props, next);
  }

  override render(p: MessageProps) {
    const { event: e, mine, name, first, last, group, me, deeds } = p;
    const people = parse(p.people);
    const named = e.body.mentions?.includes(me) && !mine ? 'named' : '';
    return (
      <div
        class={`row said ${mine ? 'mine' : 'theirs'} ${first ? 'first' : ''} ${last ? 'last' : ''} ${p.found ? 'found' : ''} ${group ? 'many' : ''}`}
        data-seq={e.seq}
      >
        <div class="talk">
          {!mine && group && (last ? <Avatar id={e.from} name={name} small /> : <span class="indent" />)}
          {!mine && !(first && group) && <span class="unseen">{name}</span>}
          <div
            class={`bubble ${named} ${e.deleted ? 'deleted' : ''}`}
            dir="auto"
            onContextMenu={(ev) => {
              if (!matchMedia('(hover: none)').matches) return;
              ev.preventDefault();
              deeds.menu(e, ev.currentTarget);
            }}
          >
            {first && !mine && group && <strong class="from">{name}</strong>}
            {e.body.reply_to !== undefined && (
              <button type="button" class="quote" tabIndex={-1} onClick={() => deeds.go(e.body.reply_to!)}>
                <strong>{p.quotedName}</strong>
                <span>{line(p.quoted)}</span>
              </button>
            )}
            {e.deleted ? t('deletedMessage') : linked(e.body.text ?? '', people, me)}
            {e.edited && <span class="edited"> {t('edited')}</span>}
          </div>
          <div class="aside">
            {last && (
              <span class="meta">
                {mine && !e.deleted && <Ticks state={p.receipt} />}
                <time dateTime={new Date(e.ts).toISOString()} title={full(e.ts)}>
                  {clock(e.ts)}
                </time>
              </span>
            )}
            <button
              type="button"
              class="more"
              tabIndex={p.roving ? 0 : -1}
              aria-label={t('actions')}
              aria-haspopup="dialog"
              title={t('actions')}
              onClick={(ev) => deeds.menu(e, ev.currentTarget)}
            >
              <Dots />
            </button>
          </div>
        </div>
        {e.reactions && <Reactions e={e} me={me} people={people} deeds={deeds} />}
      </div>
    );
  }
}

/** `state`: "sent", "delivered" or "read", and of a group how many. */
function Ticks({ state }: { state: string }) {
  const [word, read, others] = state.split(' ');
  let text = t(word as 'sent');
  if (others) text = t('readCount', { n: Number(read), of: Number(others) });
  return (
    <span class={`ticks ${word}`} role="img" aria-label={text} title={text}>
      {word === 'sent' ? <Check /> : <Checks />}
    </span>
  );
}

function Reactions({ e, me, people, deeds }: { e: ChatEvent; me: string; people: Named[]; deeds: Deeds }) {
  const nameIn = (user: string) => (user === me ? t('you') : (people.find((p) => p.user === user)?.name ?? '?'));
  return (
    <ul class="reactions">
      {e.reactions!.map(({ emoji, users }) => {
        const who = users.map(nameIn).join(', ');
        return (
          <li key={emoji}>
            <button
              type="button"
              tabIndex={-1}
              aria-pressed={users.includes(me)}
              aria-label={`${emoji} ${who}`}
              title={who}
              onClick={() => deeds.react(e, emoji)}
            >
              <span class="emoji">{emoji}</span> {users.length > 1 && <span>{users.length}</span>}
            </button>
          </li>
        );
      })}
    </ul>
  );
}

function receiptOf(client: Client, e: ChatEvent): string {
  const { read, delivered, others } = client.receipt(e);
  if (others > 0 && read >= others) return 'read';
  const word = others > 0 && delivered >= others ? 'delivered' : 'sent';
  return others > 1 && read > 0 ? `${word} ${read} ${others}` : word;
}

type Given = 'event' | 'mine' | 'first' | 'last' | 'group' | 'found' | 'roving' | 'deeds';

export function Message({ client, ...rest }: Pick<MessageProps, Given> & { client: Client }) {
  const { event: e, mine } = rest;
  const users = [...(e.body.mentions ?? []), ...(e.reactions ?? []).flatMap((r) => r.users)];
  const quoted = e.body.reply_to === undefined ? undefined : client.at(e.conv, e.body.reply_to);
  return (
    <Drawn
      {...rest}
      name={nameOf(client, e.from)}
      lang={lang}
      me={client.me}
      people={[...new Set(users)].map((user) => user + nameOf(client, user)).join('\n')}
      quoted={quoted}
      quotedName={quoted?.from ? nameOf(client, quoted.from) : ''}
      receipt={mine && rest.last ? receiptOf(client, e) : ''}
    />
  );
}

function stateOf(item: Outgoing, live: boolean): string {
  if (item.state === 'unconfirmed') return t('unconfirmed');
  return t(live ? 'pending' : 'waitingNet');
}

export function Sending({ item, first, last }: Shape & { item: Outgoing }) {
  const client = useClient();
  const failed = item.state === 'failed';
  const state = stateOf(item, client.status.state === 'live');
  const quoted = item.reply_to === undefined ? undefined : client.at(item.conv, item.reply_to);
  return (
    <div class={`row said mine ${first ? 'first' : ''} ${last ? 'last' : ''} ${failed ? 'failed' : 'pending'}`}>
      <div class="talk">
        <div class="bubble" dir="auto">
          {quoted && (
            <span class="quote">
              <strong>{nameOf(client, quoted.from)}</strong>
              <span>{line(quoted)}</span>
            </span>
          )}
          {linked(item.text)}
        </div>
        {!failed && (
          <span class="meta">
            <span role="img" aria-label={state} title={state}>
              <Clock />
            </span>
          </span>
        )}
      </div>
      {failed && (
        <p class="trouble" role="alert">
          <Warn />
          <span>
            {t('failed')}. {errorText(item.code ?? 'internal')}
          </span>
          <button type="button" class="plain" onClick={() => client.outbox.retry(item.msg)}>
            {t('retry')}
          </button>
          <button type="button" class="plain" onClick={() => client.outbox.discard(item.msg)}>
            {t('discard')}
          </button>
        </p>
      )}
    </div>
  );
}
