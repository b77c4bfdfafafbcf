// Joining a group by its invite: a link that somebody was given, opened in
// the browser or pasted here.
import { useState } from 'preact/hooks';
import { Dialog } from './dialog';
import { useTry } from './friends';
import { useClient } from './hooks';
import { t } from './i18n';

const CODE = /^[0-9A-Za-z_-]{16,32}$/;

export const inviteLink = (code: string) => `${location.origin}${location.pathname}#join/${code}`;

/** The code of a link, or a code as it is. */
export function codeOf(text: string): string | undefined {
  const code = text.trim().replace(/^.*#join\//, '');
  return CODE.test(code) ? code : undefined;
}

export function JoinField({ onConv }: { onConv: (conv: string) => void }) {
  const client = useClient();
  const [link, setLink] = useState('');
  const [error, busy, attempt] = useTry();
  const code = codeOf(link);
  return (
    <>
      <form
        class="inline"
        onSubmit={(e) => {
          e.preventDefault();
          void attempt(async () => onConv(await client.changeGroup('group.join', { code })));
        }}
      >
        <input
          value={link}
          placeholder={t('inviteLink')}
          aria-label={t('inviteLink')}
          autocapitalize="none"
          autocomplete="off"
          onInput={(e) => setLink(e.currentTarget.value)}
        />
        <button class="quiet" disabled={busy || !code}>
          {t('join')}
        </button>
      </form>
      {error && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
    </>
  );
}

/** The page was opened by an invite. */
export function Join(props: { code: string; onConv: (conv: string) => void; onClose: () => void }) {
  const client = useClient();
  const [error, busy, attempt] = useTry();
  const join = () =>
    attempt(async () => props.onConv(await client.changeGroup('group.join', { code: props.code })));
  return (
    <Dialog title={t('joinTitle')} onClose={props.onClose}>
      <p>{t('joinSure')}</p>
      {error && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
      <button type="button" class="primary" disabled={busy} onClick={join}>
        {t('join')}
      </button>
    </Dialog>
  );
}
