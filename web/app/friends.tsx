// Friends: who asks, who is one, whom one asked.
import { useEffect, useState } from 'preact/hooks';
import { MoimError, type Friend } from '../sdk/index';
import { Avatar } from './avatar';
import { useClientEvents, useTick } from './hooks';
import { errorText, t } from './i18n';
import { ago } from './time';

const LOOK_MS = 15_000; // nobody is told of a new question yet: we look

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

/** A name as typed to a user; nobody is its own kind of error. */
export async function findUser(client: ReturnType<typeof useClientEvents>, name: string) {
  return client.people.find(name).catch((e: MoimError) => {
    throw e.code === 'bad_value' ? new MoimError('not_found') : e;
  });
}

export function Friends({ onConv }: { onConv: (conv: string) => void }) {
  const client = useClientEvents(['people']);
  const [name, setName] = useState('');
  const [error, busy, attempt] = useTry();
  useTick(60_000);
  useEffect(() => {
    const look = () => client.people.loadFriends().catch(() => {});
    void look();
    const timer = setInterval(look, LOOK_MS);
    return () => clearInterval(timer);
  }, [client]);
  const of = (state: Friend['state']) => client.people.friends.filter((f) => f.state === state);
  const ask = async (e: SubmitEvent) => {
    e.preventDefault();
    const done = await attempt(async () => client.people.ask((await findUser(client, name.trim())).user));
    if (done) setName('');
  };
  return (
    <div class="chats">
      <form class="inline" onSubmit={ask}>
        <input
          value={name}
          required
          placeholder={t('addFriend')}
          aria-label={t('addFriend')}
          autocapitalize="none"
          onInput={(e) => setName(e.currentTarget.value)}
        />
        <button class="primary" disabled={busy}>
          {t('ask')}
        </button>
      </form>
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
  else if (presence.state === 'online') line = t('online');
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
