// Settings: of this browser, of the user, and where he is logged in.
import { useState } from 'preact/hooks';
import { Choice } from './choice';
import { Devices } from './devices';
import { Dialog } from './dialog';
import { useClient } from './hooks';
import { lang, setLang, t, type Lang } from './i18n';
import { setNotices, wantsNotices } from './notify';
import { Privacy } from './privacy';
import { TellAway } from './tellaway';
import { setTheme, theme, type Theme } from './theme';

export function Settings(props: { name: string; onClose: () => void; onLogout: () => void }) {
  const client = useClient();
  const [look, setLook] = useState(theme());
  const [notices, setOn] = useState('Notification' in window && wantsNotices());
  const [blocked, setBlocked] = useState(false);
  const [sure, setSure] = useState(false);
  const waiting = client.outbox.items.length;

  const notify = async (on: boolean) => {
    const now = await setNotices(on);
    setOn(now);
    setBlocked(on && !now);
  };
  return (
    <Dialog title={t('settings')} onClose={props.onClose}>
      <Choice<Theme>
        name={t('theme')}
        now={look}
        of={[
          ['system', t('themeSystem')],
          ['light', t('themeLight')],
          ['dark', t('themeDark')],
        ]}
        onPick={(next) => {
          setTheme(next);
          setLook(next);
        }}
      />
      <Choice<Lang>
        name={t('language')}
        now={lang}
        of={[
          ['en', 'English'],
          ['ko', '한국어'],
        ]}
        onPick={setLang}
      />
      <fieldset class="choice">
        <legend>{t('notifications')}</legend>
        <label class="check">
          <input type="checkbox" checked={notices} onChange={(e) => void notify(e.currentTarget.checked)} />
          {t('notifyOn')}
        </label>
        {blocked && <p class="hint">{t('notifyBlocked')}</p>}
        <TellAway />
      </fieldset>
      <Privacy />
      <Devices />
      {sure && <p class="error">{t('logoutSure', { n: waiting })}</p>}
      <button type="button" class="danger" onClick={() => (waiting > 0 && !sure ? setSure(true) : props.onLogout())}>
        {t('logout')}
        {props.name && ` (${props.name})`}
      </button>
    </Dialog>
  );
}
