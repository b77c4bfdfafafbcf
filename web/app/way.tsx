// By which way the page is connected: in the list's foot always, beside a
// conversation only when it is not the best one.
import { useClientEvents } from './hooks';
import { t } from './i18n';

function wayName(way: string | undefined): string {
  if (way === 'longpoll') return t('longPolling');
  if (way === 'poll') return t('polling');
  return way === 'sse' ? 'SSE' : 'WebSocket';
}

export function Connection() {
  const client = useClientEvents(['status']);
  const { state, gateway, way } = client.status;
  const live = state === 'live';
  return (
    <footer class={`link ${state}`}>
      <span class={`dot ${live ? 'online' : 'offline'}`} />
      {live ? `${t('connectedTo', { gateway: gateway ?? '' })} · ${wayName(way)}` : t('connecting')}
    </footer>
  );
}

export function WayChip() {
  const client = useClientEvents(['status']);
  const { state, way } = client.status;
  if (state !== 'live' || way === 'websocket') return null;
  return (
    <span class="way" title={t('wayHint', { way: wayName(way) })}>
      {wayName(way)}
    </span>
  );
}
