// Friends: who asks, who is one, whom one asked.
import { useEffect, useState } from 'preact/hooks';
import { MoimError, type Friend } from '../sdk/index';
import { Avatar } from './avatar';
import { useClientEvents, useTick } from './hooks';
import { errorText, t } from './i18n';
import { PersonField } from './personfield';
import { ago } from './time';

const LOOK_MS = 15_000; // what we are told is only a hint: we look too

/** Runs something and keeps what went wrong. */
export function useTry(): [string | undefined, boolean, (what: () => Promise<unknown>) => Promise<boolean>] {
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);
  return [
    error,
    busy,
    async (what) => {
      setBusy(true);
      setError(undefined);
      try {
        await what();
        return true;
      } catch (e) {
        setError(errorText(e instanceof MoimError ? e.code : 'internal'));
        return false;
      } finally {
        setBusy(false);
      }
    },
  ];
}

export function Friends({ onConv }: { onConv: (conv: string) => void }) {
  const client = useClientEvents(['people']);
  const [error, busy, attempt] = useTry();
  useTick(60_000);
  useEffect(() => {
    const look = () => client.people.loadFriends().catch(() => {});
    void look();
    const timer = setInterval(look, LOOK_MS);
    return () => clearInterval(timer);
  }, [client]);
  const of = (state: Friend['state']) => client.people.friends.filter((f) => f.state === state);
  return (
    <div class="chats">
      <PersonField
        label={t('addFriend')}
        button={t('ask')}
        kind="primary"
        busy={busy}
        without={client.people.friends.map((f) => f.user)}
        onPick={(user) => attempt(async () => client.people.ask((await user()).user))}
      />
      {error && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
      {client.people.friends.length === 0 && (
        <div class="empty">
          <p>{t('noFriends')}</p>
          <p class="hint">{t('noFriendsHint')}</p>
        </div>
      )}
      <ul>
        {[...of('asks_me'), ...of('friend'), ...of('asked')].map((f) => (
          <Person key={f.user} friend={f} onConv={onConv} />
        ))}
      </ul>
    </div>
  );
}

function Person({ friend: f, onConv }: { friend: Friend; onConv: (conv: string) => void }) {
  const client = useClientEvents(['presence']);
  const [error, busy, attempt] = useTry();
  const presence = client.people.presence(f.user);
  const drop = () => attempt(() => client.people.drop(f.user));
  let line = '';
  if (f.state === 'asks_me') line = t('asksYou');
  else if (f.state === 'asked') line = t('youAsked');
  else if (presence.state === 'online' || presence.state === 'away') line = t(presence.state);
  else if (presence.since) line = t('lastSeen', { when: ago(presence.since, client.now()) });
  return (
    <li class="person">
      <Avatar id={f.user} name={f.name} user={f.state === 'friend' ? f.user : undefined} />
      <span class="what">
        <strong>{f.name}</strong>
        <span class="preview">{error ?? line}</span>
      </span>
      <span class="doing">
        {f.state === 'asks_me' && (
          <button type="button" class="primary" disabled={busy} onClick={() => attempt(() => client.people.ask(f.user))}>
            {t('accept')}
          </button>
        )}
        {f.state === 'friend' && (
          <button
            type="button"
            class="quiet"
            disabled={busy}
            onClick={() => attempt(async () => onConv(await client.openDirect(f.user)))}
          >
            {t('message')}
          </button>
        )}
        <button type="button" class="plain" disabled={busy} onClick={drop}>
          {t({ asks_me: 'decline', asked: 'takeBack', friend: 'removeFriend' }[f.state] as 'decline')}
        </button>
      </span>
    </li>
  );
}
