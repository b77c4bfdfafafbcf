// Sign-up and login on one small form.
import { useState } from 'preact/hooks';
import { MoimError, login, signup, type Account } from '../sdk/index';
import { Logo } from './icons';
import { errorText, lang, setLang, t } from './i18n';
import { deviceName } from './session';

function reason(error: unknown): string {
  if (!(error instanceof MoimError)) return errorText('internal');
  return errorText(error.code === 'bad_value' && error.field === 'name' ? 'bad_name' : error.code);
}

export function Login({ why, onAccount }: { why?: string; onAccount: (account: Account) => void }) {
  const [fresh, setFresh] = useState(false);
  const [busy, setBusy] = useState(false);
  const [shown, setShown] = useState(false);
  const [error, setError] = useState(why && errorText(why));

  const submit = async (e: SubmitEvent) => {
    e.preventDefault();
    const form = new FormData(e.target as HTMLFormElement);
    const enter = fresh ? signup : login;
    setBusy(true);
    setError(undefined);
    try {
      onAccount(await enter(location.origin, String(form.get('name')).trim(), String(form.get('password')), deviceName()));
    } catch (e) {
      setError(reason(e));
      setBusy(false);
    }
  };

  return (
    <main class="login">
      <form onSubmit={submit}>
        <header>
          <Logo />
          <h1>Moim</h1>
          <p>{t('tagline')}</p>
        </header>
        <label>
          {t('name')}
          <input name="name" required autocomplete="username" autocapitalize="none" spellcheck={false} maxLength={64} />
        </label>
        <label>
          {t('password')}
          <input
            name="password"
            type={shown ? 'text' : 'password'}
            required
            minLength={fresh ? 15 : undefined}
            maxLength={128}
            autocomplete={fresh ? 'new-password' : 'current-password'}
            aria-describedby={fresh ? 'hint' : undefined}
          />
        </label>
        {fresh && (
          <p class="hint" id="hint">
            {t('passwordHint')}
          </p>
        )}
        <label class="check">
          <input type="checkbox" checked={shown} onChange={() => setShown(!shown)} />
          {t('passwordShow')}
        </label>
        <p class="error" role="alert">
          {error}
        </p>
        <button class="primary" disabled={busy}>
          {busy ? t('entering') : t(fresh ? 'signup' : 'login')}
        </button>
        <button
          type="button"
          class="plain"
          onClick={() => {
            setFresh(!fresh);
            setError(undefined);
          }}
        >
          {t(fresh ? 'toLogin' : 'toSignup')}
        </button>
      </form>
      <nav class="langs" aria-label={t('language')}>
        <button class="plain" lang="en" aria-pressed={lang === 'en'} onClick={() => setLang('en')}>
          English
        </button>
        <button class="plain" lang="ko" aria-pressed={lang === 'ko'} onClick={() => setLang('ko')}>
          한국어
        </button>
      </nav>
    </main>
  );
}
