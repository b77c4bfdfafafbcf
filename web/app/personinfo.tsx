// About the other one of a conversation of two: friend or not, blocked or not.
import { useEffect, useState } from 'preact/hooks';
import { Avatar } from './avatar';
import { ConvSettings } from './convsettings';
import { Dialog } from './dialog';
import { useTry } from './friends';
import { useClientEvents } from './hooks';
import { t } from './i18n';
import { nameOf } from './names';

export function PersonInfo({ user, conv, onClose }: { user: string; conv: string; onClose: () => void }) {
  const client = useClientEvents(['people', 'presence']);
  const [blocked, setBlocked] = useState<boolean>();
  const [sure, setSure] = useState(false);
  const [error, busy, attempt] = useTry();
  const name = nameOf(client, user);
  const friend = client.people.friends.find((f) => f.user === user);
  useEffect(() => {
    client.call('blocks').then(
      ({ users }) => setBlocked(users.some((u: { user: string }) => u.user === user)),
      () => {},
    );
  }, [client, user]);
  const block = () =>
    attempt(async () => {
      await client.call(blocked ? 'unblock' : 'block', { user });
      setBlocked(!blocked);
      setSure(false);
      await client.people.loadFriends();
    });
  return (
    <Dialog title={name} onClose={onClose}>
      <div class="person">
        <Avatar id={user} name={name} user={user} />
        <span class="what">
          <strong>{name}</strong>
          {friend && <span class="preview">{t(({ friend: 'isFriend', asked: 'youAsked', asks_me: 'asksYou' } as const)[friend.state])}</span>}
          {blocked && <span class="preview">{t('isBlocked')}</span>}
        </span>
      </div>
      {!blocked && friend?.state !== 'friend' && friend?.state !== 'asked' && (
        <button type="button" class="quiet" disabled={busy} onClick={() => attempt(() => client.people.ask(user))}>
          {t(friend ? 'accept' : 'askFriend')}
        </button>
      )}
      {error && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
      <ConvSettings conv={conv} />
      {sure && <p>{t('blockSure', { name })}</p>}
      {blocked !== undefined && (
        <button
          type="button"
          class={blocked ? 'quiet' : 'danger'}
          disabled={busy}
          onClick={() => (blocked || sure ? void block() : setSure(true))}
        >
          {t(blocked ? 'unblock' : 'block')}
        </button>
      )}
    </Dialog>
  );
}
