// Who may reach the user and see when he is here, and whom he has blocked.
import { useEffect, useState } from 'preact/hooks';
import { Choice } from './choice';
import { useTry } from './friends';
import { useClient } from './hooks';
import { t } from './i18n';
import type { Named } from './mentions';

type Circle = 'anybody' | 'friends' | 'nobody';
interface Rules {
  reach: Circle;
  seen: Circle;
}

export function Privacy() {
  const client = useClient();
  const [rules, setRules] = useState<Rules>();
  const [blocked, setBlocked] = useState<Named[]>([]);
  const [error, busy, attempt] = useTry();
  useEffect(() => {
    // A server that has no such settings says so; then there is nothing to set.
    client.call('settings').then(setRules, () => {});
    client.call('blocks').then(({ users }) => setBlocked(users), () => {});
  }, [client]);
  const set = (change: Partial<Rules>) =>
    attempt(async () => {
      await client.call('settings.set', change);
      setRules((now) => now && { ...now, ...change });
    });
  const unblock = ({ user }: Named) =>
    attempt(async () => {
      await client.call('unblock', { user });
      setBlocked((now) => now.filter((b) => b.user !== user));
    });
  const circles = (['anybody', 'friends', 'nobody'] as const).map((c): [Circle, string] => [c, t(`circle_${c}`)]);
  return (
    <>
      {rules && <Choice name={t('reach')} now={rules.reach} of={circles} onPick={(reach) => void set({ reach })} />}
      {rules && <Choice name={t('seen')} now={rules.seen} of={circles} onPick={(seen) => void set({ seen })} />}
      {blocked.length > 0 && (
        <section class="choice" aria-label={t('blocked')}>
          <h3>{t('blocked')}</h3>
          <ul class="picks">
            {blocked.map((b) => (
              <li key={b.user} class="member">
                <span class="grow">{b.name}</span>
                <button type="button" class="plain" disabled={busy} onClick={() => unblock(b)}>
                  {t('unblock')}
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
      {error && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
    </>
  );
}
