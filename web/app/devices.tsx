// Where the user is logged in, and logging out there.
import { useEffect, useState } from 'preact/hooks';
import { useTry } from './friends';
import { useClient } from './hooks';
import { t } from './i18n';
import { ago } from './time';

interface Device {
  device: string;
  label: string;
  used: number;
  current: boolean;
}

export function Devices() {
  const client = useClient();
  const [devices, setDevices] = useState<Device[]>([]);
  const [error, busy, attempt] = useTry();
  const load = async () => setDevices((await client.call('devices')).devices);
  const revoke = (type: string, fields?: object) =>
    attempt(async () => {
      await client.call(type, fields);
      await load();
    });
  useEffect(() => void attempt(load), [client]);
  return (
    <section class="choice" aria-label={t('devices')}>
      <h3>{t('devices')}</h3>
      <ul class="picks">
        {devices.map((d) => (
          <li key={d.device} class="member">
            <span class="grow">
              {d.label || t('unnamedDevice')}
              <span class="hint"> {d.current ? t('thisDevice') : ago(d.used, client.now())}</span>
            </span>
            {!d.current && (
              <button
                type="button"
                class="plain"
                disabled={busy}
                onClick={() => revoke('device.revoke', { device: d.device })}
              >
                {t('logout')}
              </button>
            )}
          </li>
        ))}
      </ul>
      {devices.length > 1 && (
        <button type="button" class="plain" disabled={busy} onClick={() => revoke('device.revoke_all')}>
          {t('logoutOthers')}
        </button>
      )}
      {error && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
    </section>
  );
}
