// One conversation: its head, its timeline, and where one writes.
import { useRef, useState } from 'preact/hooks';
import type { Conversation } from '../sdk/index';
import { Avatar } from './avatar';
import { Composer, WRITE, type Mode } from './composer';
import { Find } from './find';
import { GroupInfo } from './groupinfo';
import { useClientEvents, useTick } from './hooks';
import { Back, Info, Search } from './icons';
import { errorText, t } from './i18n';
import { nameOf } from './names';
import { PersonInfo } from './personinfo';
import { ago } from './time';
import { Timeline, type TimelineApi } from './timeline';
import { useRefused } from './refused';
import { WayChip } from './way';

export function Chat({ conv, onBack }: { conv: string; onBack: () => void }) {
  const client = useClientEvents(['changed'], conv);
  const [about, setAbout] = useState(false);
  const [finding, setFinding] = useState(false);
  const [mode, setMode] = useState<Mode>(WRITE);
  const timeline = useRef<TimelineApi>();
  const refused = useRefused(conv);
  const c = client.conversation(conv);
  if (!c) return <div class="nothing" aria-busy="true" />;
  const info = t(c.peer ? 'personInfo' : 'groupInfo');
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
        <WayChip />
        <button
          type="button"
          class="round"
          aria-label={t('findHere')}
          title={t('findHere')}
          aria-pressed={finding}
          onClick={() => setFinding(!finding)}
        >
          <Search />
        </button>
        {c.role !== 'none' && (
          <button type="button" class="round" aria-label={info} title={info} onClick={() => setAbout(true)}>
            <Info />
          </button>
        )}
      </header>
      {finding && (
        <Find conv={conv} go={(seq) => void timeline.current?.go(seq)} onClose={() => setFinding(false)} />
      )}
      <Timeline c={c} api={timeline} onMode={setMode} />
      {refused && (
        <p class="refused" role="alert">
          {t('changeRefused')} {errorText(refused)}
        </p>
      )}
      <Typing conv={conv} />
      {c.role === 'none' ? (
        <p class="closed">{t('notMember')}</p>
      ) : (
        <Composer c={c} mode={mode} onMode={setMode} onSent={() => timeline.current?.toBottom()} />
      )}
      {about && c.peer && <PersonInfo user={c.peer} conv={conv} onClose={() => setAbout(false)} />}
      {about && !c.peer && <GroupInfo c={c} onClose={() => setAbout(false)} />}
    </section>
  );
}

function Subtitle({ c }: { c: Conversation }) {
  const client = useClientEvents(['presence']);
  useTick(30_000);
  if (!c.peer) return <p>{t('members', { n: c.members })}</p>;
  const { state, since } = client.people.presence(c.peer);
  if (state === 'online' || state === 'away') return <p>{t(state)}</p>;
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
