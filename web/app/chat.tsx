// One conversation: its head, its timeline, and where one writes.
import { useRef, useState } from 'preact/hooks';
import type { Conversation } from '../sdk/index';
import { Avatar } from './avatar';
import { Composer } from './composer';
import { GroupInfo } from './groupinfo';
import { useClientEvents, useTick } from './hooks';
import { Back, Info } from './icons';
import { t } from './i18n';
import { nameOf } from './names';
import { ago } from './time';
import { Timeline } from './timeline';

export function Chat({ conv, onBack }: { conv: string; onBack: () => void }) {
  const client = useClientEvents(['changed'], conv);
  const [about, setAbout] = useState(false);
  const toBottom = useRef<() => void>(() => {});
  const c = client.conversation(conv);
  if (!c) return <div class="nothing" aria-busy="true" />;
  return (
    <section class="chat" aria-label={c.title}>
      <header class="top">
        <button type="button" class="round back" aria-label={t('back')} title={t('back')} onClick={onBack}>
          <Back />
        </button>
        <Avatar id={c.peer ?? c.conv} name={c.title} user={c.peer} group={c.kind === 'group'} small />
        <div class="who">
          <h2>{c.title}</h2>
          <Subtitle c={c} />
        </div>
        {c.kind === 'group' && c.role !== 'none' && (
          <button
            type="button"
            class="round"
            aria-label={t('groupInfo')}
            title={t('groupInfo')}
            onClick={() => setAbout(true)}
          >
            <Info />
          </button>
        )}
      </header>
      <Timeline c={c} toBottom={toBottom} />
      <Typing conv={conv} />
      {c.role === 'none' ? (
        <p class="closed">{t('notMember')}</p>
      ) : (
        <Composer c={c} onSent={() => toBottom.current()} />
      )}
      {about && <GroupInfo c={c} onClose={() => setAbout(false)} />}
    </section>
  );
}

function Subtitle({ c }: { c: Conversation }) {
  const client = useClientEvents(['presence']);
  useTick(30_000);
  if (!c.peer) return <p>{t('members', { n: c.members })}</p>;
  const { state, since } = client.people.presence(c.peer);
  if (state === 'online') return <p>{t('online')}</p>;
  if (state === 'offline' && since) return <p>{t('lastSeen', { when: ago(since, client.now()) })}</p>;
  return <p>{state === 'offline' ? t('offline') : '\u00a0'}</p>;
}

function Typing({ conv }: { conv: string }) {
  const client = useClientEvents(['typing', 'people'], conv);
  const who = client.people.typing(conv).filter((user) => user !== client.me);
  const [a, b] = who.map((user) => nameOf(client, user));
  let text = '';
  if (who.length === 1) text = t('typing1', { a: a! });
  else if (who.length === 2) text = t('typing2', { a: a!, b: b! });
  else if (who.length > 2) text = t('typingMany');
  return (
    <p class={`typing ${text ? 'on' : ''}`} aria-live="polite">
      {text}
    </p>
  );
}
