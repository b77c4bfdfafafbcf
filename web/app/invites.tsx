// Links that let people into a group: made, copied, taken back.
import { useEffect, useState } from 'preact/hooks';
import { useTry } from './friends';
import { useClient } from './hooks';
import { t } from './i18n';
import { inviteLink } from './join';
import { full } from './time';

interface Invite {
  invite: string;
  expires: number;
  uses: number;
}

/** `members`: how many; when that changes, an invite may have been used. */
export function Invites({ conv, members }: { conv: string; members: number }) {
  const client = useClient();
  const [invites, setInvites] = useState<Invite[]>([]);
  const [link, setLink] = useState('');
  const [copied, setCopied] = useState(false);
  const [error, busy, attempt] = useTry();
  const load = async () => setInvites((await client.call('group.invites', { conv })).invites);
  useEffect(() => void attempt(load), [conv, members]);
  const make = () =>
    attempt(async () => {
      setLink(inviteLink((await client.call('group.invite', { conv })).code));
      setCopied(false);
      await load();
    });
  const copy = async () => {
    await navigator.clipboard?.writeText(link);
    setCopied(true);
  };
  return (
    <>
      <h3>{t('invites')}</h3>
      {link ? (
        <div class="inline">
          <input readOnly value={link} aria-label={t('inviteLink')} onFocus={(e) => e.currentTarget.select()} />
          <button type="button" class="quiet" onClick={() => void copy()}>
            {t(copied ? 'copied' : 'copy')}
          </button>
        </div>
      ) : (
        <button type="button" class="quiet" disabled={busy} onClick={make}>
          {t('makeInvite')}
        </button>
      )}
      {link && <p class="hint">{t('inviteOnce')}</p>}
      <ul class="picks">
        {invites.map((i) => (
          <li key={i.invite} class="member">
            <span class="grow">
              {t('inviteUntil', { when: full(i.expires) })} <span class="hint">{t('inviteUses', { n: i.uses })}</span>
            </span>
            <button
              type="button"
              class="plain"
              disabled={busy}
              onClick={() =>
                attempt(async () => {
                  await client.call('group.uninvite', { conv, invite: i.invite });
                  setLink('');
                  await load();
                })
              }
            >
              {t('revoke')}
            </button>
          </li>
        ))}
      </ul>
      {error && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
    </>
  );
}
