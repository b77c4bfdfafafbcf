// About a group: who is in it, adding and removing, leaving.
import { useState } from 'preact/hooks';
import type { Conversation } from '../sdk/index';
import { Avatar } from './avatar';
import { Dialog } from './dialog';
import { findUser, useTry } from './friends';
import { useClientEvents } from './hooks';
import { t } from './i18n';
import { knownMembers, nameOf } from './names';

export function GroupInfo({ c, onClose }: { c: Conversation; onClose: () => void }) {
  const client = useClientEvents(['changed', 'people', 'presence'], c.conv);
  const [name, setName] = useState('');
  const [leaving, setLeaving] = useState(false);
  const [error, busy, attempt] = useTry();
  const rules = c.role === 'owner' || c.role === 'admin';
  const known = knownMembers(client, c.conv);
  const others = c.members - known.length;

  const add = (e: SubmitEvent) => {
    e.preventDefault();
    void attempt(async () => {
      await client.addMember(c.conv, (await findUser(client, name.trim())).user);
      setName('');
    });
  };
  const leave = () =>
    attempt(async () => {
      await client.leave(c.conv);
      onClose();
    });

  return (
    <Dialog title={c.title} onClose={onClose}>
      <p class="hint">{t('members', { n: c.members })}</p>
      <ul class="picks">
        {known.map((user) => (
          <li key={user} class="member">
            <Avatar id={user} name={nameOf(client, user)} user={user === client.me ? undefined : user} small />
            <span class="grow">{user === client.me ? t('you') : nameOf(client, user)}</span>
            {rules && user !== client.me && (
              <button
                type="button"
                class="plain"
                disabled={busy}
                onClick={() => attempt(() => client.removeMember(c.conv, user))}
              >
                {t('remove')}
              </button>
            )}
          </li>
        ))}
      </ul>
      {others > 0 && <p class="hint">{t('othersUnseen', { n: others })}</p>}
      {rules && (
        <form class="inline" onSubmit={add}>
          <input
            value={name}
            required
            placeholder={t('addPerson')}
            aria-label={t('addPerson')}
            autocapitalize="none"
            onInput={(e) => setName(e.currentTarget.value)}
          />
          <button class="quiet" disabled={busy}>
            {t('add')}
          </button>
        </form>
      )}
      {error && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
      {leaving ? (
        <div class="sure">
          <p>{t('leaveSure', { title: c.title })}</p>
          <button type="button" class="danger" disabled={busy} onClick={leave}>
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
