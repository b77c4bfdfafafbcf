// About a group: its title, who is in it and what they may, invites, leaving.
import { useEffect, useState } from 'preact/hooks';
import type { Conversation, Member } from '../sdk/index';
import { Avatar } from './avatar';
import { ConvSettings } from './convsettings';
import { Dialog } from './dialog';
import { useTry } from './friends';
import { useClientEvents } from './hooks';
import { t } from './i18n';
import { Invites } from './invites';
import { PersonField } from './personfield';

const MUTE_MS = 3600_000;
type Do = (type: string, fields?: object) => Promise<boolean>;

export function GroupInfo({ c, onClose }: { c: Conversation; onClose: () => void }) {
  const client = useClientEvents(['changed', 'presence'], c.conv);
  const [error, busy, attempt] = useTry();
  const [leaving, setLeaving] = useState(false);
  const rules = c.role === 'owner' || c.role === 'admin';
  const list = useMembers(c);
  const change: Do = (type, fields) =>
    attempt(async () => {
      await client.changeGroup(type, { conv: c.conv, ...fields });
      list.again();
    });
  return (
    <Dialog title={c.title} onClose={onClose}>
      {rules && <Title key={c.title} c={c} busy={busy} change={change} />}
      <h3>{t('members', { n: c.members })}</h3>
      <ul class="picks members">
        {list.members.map((m) => (
          <Row key={m.user} m={m} c={c} busy={busy} change={change} />
        ))}
      </ul>
      {list.more && (
        <button type="button" class="plain" onClick={list.more}>
          {t('moreMembers')}
        </button>
      )}
      {rules && (
        <PersonField
          label={t('addPerson')}
          button={t('add')}
          kind="quiet"
          busy={busy}
          without={list.members.map((m) => m.user)}
          onPick={(user) => attempt(async () => void (await change('group.add', { user: (await user()).user })))}
        />
      )}
      {error && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
      <ConvSettings conv={c.conv} />
      {rules && <Invites conv={c.conv} members={c.members} />}
      {leaving ? (
        <div class="sure">
          <p>{t('leaveSure', { title: c.title })}</p>
          <button
            type="button"
            class="danger"
            disabled={busy}
            onClick={async () => (await change('group.leave')) && onClose()}
          >
            {t('leave')}
          </button>
          <button type="button" class="quiet" onClick={() => setLeaving(false)}>
            {t('cancel')}
          </button>
        </div>
      ) : (
        <button type="button" class="danger" onClick={() => setLeaving(true)}>
          {t('leave')}
        </button>
      )}
    </Dialog>
  );
}

/** Members by page; asked again when the group has changed. */
function useMembers(c: Conversation) {
  const client = useClientEvents(['changed'], c.conv);
  const [members, setMembers] = useState<Member[]>([]);
  const [next, setNext] = useState<string>();
  const [round, again] = useState(0);
  const load = async (after?: string) => {
    const page = await client.members(c.conv, after).catch(() => undefined);
    if (!page) return;
    setMembers((now) => (after ? [...now, ...page.members] : page.members));
    setNext(page.next);
  };
  useEffect(() => void load(), [client, c.conv, c.members, c.role, round]);
  return { members, more: next && (() => void load(next)), again: () => again((n) => n + 1) };
}

function Title({ c, busy, change }: { c: Conversation; busy: boolean; change: Do }) {
  const [title, setTitle] = useState(c.title);
  return (
    <form
      class="inline"
      onSubmit={(e) => {
        e.preventDefault();
        void change('group.title', { title: title.trim() });
      }}
    >
      <input
        value={title}
        required
        maxLength={42}
        aria-label={t('groupTitle')}
        onInput={(e) => setTitle(e.currentTarget.value)}
      />
      <button class="quiet" disabled={busy || !title.trim() || title.trim() === c.title}>
        {t('rename')}
      </button>
    </form>
  );
}

/** What the user may do to this member: [word, command, fields]. */
function deeds(m: Member, c: Conversation, me: string, now: number): [Parameters<typeof t>[0], string, object?][] {
  const user = { user: m.user };
  const owner = c.role === 'owner';
  if (m.user === me || !(owner || (c.role === 'admin' && m.role === 'member'))) return [];
  const list: ReturnType<typeof deeds> = [];
  if (owner && m.role === 'member') list.push(['makeAdmin', 'group.role', { ...user, role: 'admin' }]);
  if (owner && m.role === 'admin') list.push(['makeMember', 'group.role', { ...user, role: 'member' }]);
  if (owner) list.push(['handOn', 'group.role', { ...user, role: 'owner' }]);
  if ((m.muted ?? 0) > now) list.push(['unmute', 'group.unmute', user]);
  else list.push(['muteHour', 'group.mute', { ...user, until: Math.round(now + MUTE_MS) }]);
  return [...list, ['remove', 'group.remove', user]];
}

function Row({ m, c, busy, change }: { m: Member; c: Conversation; busy: boolean; change: Do }) {
  const client = useClientEvents(['presence']);
  const mine = m.user === client.me;
  const muted = (m.muted ?? 0) > client.now();
  const list = deeds(m, c, client.me, client.now());
  const name = mine ? t('you') : m.name;
  const face = (
    <>
      <Avatar id={m.user} name={m.name} user={mine ? undefined : m.user} small />
      <span class="grow">{name}</span>
      {muted && <span class="tag">{t('muted')}</span>}
      {m.role !== 'member' && <span class="tag">{t(m.role === 'owner' ? 'owner' : 'admin')}</span>}
    </>
  );
  if (list.length === 0) return <li class="member">{face}</li>;
  return (
    <li>
      <details>
        <summary class="member">{face}</summary>
        <div class="deeds" role="group" aria-label={m.name}>
          {list.map(([word, type, fields]) => (
            <button key={word} type="button" class="plain" disabled={busy} onClick={() => change(type, fields)}>
              {t(word)}
            </button>
          ))}
        </div>
      </details>
    </li>
  );
}
