// The switch for being told while no page is open; not there when the server
// or the browser cannot.
import { useEffect, useState } from 'preact/hooks';
import { useClient } from './hooks';
import { t } from './i18n';
import { pushKey, setPush, wantsPush } from './push';

export function TellAway() {
  const client = useClient();
  const [key, setKey] = useState<string>();
  const [on, setOn] = useState(wantsPush(client));
  const [blocked, setBlocked] = useState(false);
  useEffect(() => void pushKey(client).then(setKey), [client]);
  if (!key) return null;
  const change = async (wish: boolean) => {
    const now = await setPush(client, key, wish).catch(() => false);
    setOn(now);
    setBlocked(wish && !now);
  };
  return (
    <>
      <label class="check">
        <input type="checkbox" checked={on} onChange={(e) => void change(e.currentTarget.checked)} />
        {t('notifyAway')}
      </label>
      {blocked && <p class="hint">{t('notifyBlocked')}</p>}
    </>
  );
}
