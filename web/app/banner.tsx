// Says that there is no connection, but only after a moment, without moving
// anything and without taking the focus.
import { useClientEvents, useTick } from './hooks';
import { t } from './i18n';

const GRACE_MS = 3_000;

export function Banner() {
  const client = useClientEvents(['status', 'changed']);
  const { state, downSince, retryAt, code } = client.status;
  const down = state !== 'live' && state !== 'idle';
  useTick(500, down);
  const late = down && Date.now() - (downSince ?? 0) > GRACE_MS;
  const waiting = client.outbox.waiting;
  const seconds = Math.max(1, Math.ceil(((retryAt ?? 0) - Date.now()) / 1000));
  let text = t('connecting');
  if (state === 'ended') text = t(code === 'too_many' ? 'tooManySessions' : 'ended');
  else if (state === 'waiting') text = t('noConnection');
  return (
    <div class="banner" role="status">
      {late && (
        <div class="pane">
          <strong>{text}</strong>
          {waiting > 0 && <span>{t('queued', { n: waiting })}</span>}
          {state === 'waiting' && <span aria-hidden="true">{t('retryIn', { n: seconds })}</span>}
          {state !== 'connecting' && (
            <button type="button" class="plain" onClick={() => client.retryNow()}>
              {t('retryNow')}
            </button>
          )}
        </div>
      )}
    </div>
  );
}
