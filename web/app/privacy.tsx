// Who may reach the user and see when he is here, and whom he has blocked.
import { useEffect, useState } from 'preact/hooks';
import type { Settings } from '../sdk/index';
import { Choice } from './choice';
import { useTry } from './friends';
import { useClientEvents } from './hooks';
import { t } from './i18n';
import type { Named } from './mentions';

export function Privacy() {
  const client = useClientEvents(['people']);
  const rules = client.people.settings;
  const [blocked, setBlocked] = useState<Named[]>([]);
  const [error, busy, attempt] = useTry();
  useEffect(() => {
    client.call('blocks').then(({ users }) => setBlocked(users), () => {});
  }, [client]);
  const set = (change: Partial<Settings>) => attempt(() => client.people.set(change));
  const unblock = ({ user }: Named) =>
    attempt(async () => {
      await client.call('unblock', { user });
      setBlocked((now) => now.filter((b) => b.user !== user));
    });
  const circles = (['anybody', 'friends', 'nobody'] as const).map((c): [typeof c, string] => [c, t(`circle_${c}`)]);
  const noises = (['all', 'mentions', 'none'] as const).map((n): [typeof n, string] => [n, t(`notify_${n}`)]);
  return (
    <>
      {rules && <Choice name={t('notifyFor')} now={rules.notify} of={noises} onPick={(notify) => void set({ notify })} />}
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
