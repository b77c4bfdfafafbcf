// One message as a bubble, drawn again only when something about it changed.
import { Component } from 'preact';
import type { Client, ChatEvent, Outgoing } from '../sdk/index';
import { Avatar } from './avatar';
import { useClient } from './hooks';
import { Check, Clock, Warn } from './icons';
import { errorText, lang, t } from './i18n';
import { linked } from './links';
import { nameOf } from './names';
import { clock, full } from './time';

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
}

function differ<T extends object>(a: T, b: T): boolean {
  return (Object.keys(a) as (keyof T)[]).some((key) => a[key] !== b[key]);
}

class Drawn extends Component<MessageProps> {
  override shouldComponentUpdate(next: MessageProps) {
    return differ(this.props, next);
  }

  override render({ event, mine, name, first, last, group }: MessageProps) {
    return (
      <div class={`row said ${mine ? 'mine' : 'theirs'} ${first ? 'first' : ''} ${last ? 'last' : ''}`} data-seq={event.seq}>
        {!mine && group && (last ? <Avatar id={event.from} name={name} small /> : <span class="indent" />)}
        {!mine && !(first && group) && <span class="unseen">{name}</span>}
        <div class="bubble" dir="auto">
          {first && !mine && group && <strong class="from">{name}</strong>}
          {linked(event.body.text ?? '')}
        </div>
        {last && (
          <span class="meta">
            {mine && (
              <span role="img" aria-label={t('sent')} title={t('sent')}>
                <Check />
              </span>
            )}
            <time dateTime={new Date(event.ts).toISOString()} title={full(event.ts)}>
              {clock(event.ts)}
            </time>
          </span>
        )}
      </div>
    );
  }
}

export function Message(props: Omit<MessageProps, 'name' | 'lang'> & { client: Client }) {
  const { client, ...rest } = props;
  return <Drawn {...rest} name={nameOf(client, props.event.from)} lang={lang} />;
}

function stateOf(item: Outgoing, live: boolean): string {
  if (item.state === 'unconfirmed') return t('unconfirmed');
  return t(live ? 'pending' : 'waitingNet');
}

export function Sending({ item, first, last }: Shape & { item: Outgoing }) {
  const client = useClient();
  const failed = item.state === 'failed';
  const state = stateOf(item, client.status.state === 'live');
  return (
    <div class={`row said mine ${first ? 'first' : ''} ${last ? 'last' : ''} ${failed ? 'failed' : 'pending'}`}>
      <div class="bubble" dir="auto">
        {linked(item.text)}
      </div>
      {!failed && (
        <span class="meta">
          <span role="img" aria-label={state} title={state}>
            <Clock />
          </span>
        </span>
      )}
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
