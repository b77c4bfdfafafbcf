// What the user wants of one conversation: quiet, or on top.
import type { Conversation } from '../sdk/index';
import { useTry } from './friends';
import { useClientEvents } from './hooks';
import { t } from './i18n';

const FOR_EVER = Number.MAX_SAFE_INTEGER;

export function ConvSettings({ conv }: { conv: string }) {
  const client = useClientEvents(['changed'], conv);
  const [error, , attempt] = useTry();
  const c: Conversation | undefined = client.conversation(conv);
  const muted = (c?.muted_until ?? 0) > client.now();
  const pinned = c?.pinned ?? false;
  return (
    <div class="choice">
      <label class="check">
        <input
          type="checkbox"
          checked={muted}
          onChange={() => attempt(() => client.set(conv, { muted_until: muted ? 0 : FOR_EVER }))}
        />
        {t('quiet')}
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={pinned}
          onChange={() => attempt(() => client.set(conv, { pinned: !pinned }))}
        />
        {t('pinned')}
      </label>
      {error && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
    </div>
  );
}
