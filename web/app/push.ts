// Being told while no page is open: what this browser and the server have to
// know of each other for it (docs/push.md).
import { useEffect } from 'preact/hooks';
import type { Client } from '../sdk/index';
import { useClientEvents } from './hooks';
import { lang, useLang } from './i18n';

const KEY = 'moim.push'; // who wants it on this browser

const able = () => 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window;

export const wantsPush = (client: Client) =>
  able() && Notification.permission === 'granted' && localStorage.getItem(KEY) === client.me;

/** The server's key. Undefined: it has none, or the browser cannot. */
export async function pushKey(client: Client): Promise<string | undefined> {
  return able() ? client.call('push.key').then((answer) => answer.key, () => undefined) : undefined;
}

/** A subscription with the server's key, which may be another one by now. */
async function subscription(manager: PushManager, key: string): Promise<PushSubscription> {
  const ask = () => manager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  try {
    return await ask();
  } catch (e) {
    const old = await manager.getSubscription();
    if (!old) throw e;
    await old.unsubscribe();
    return ask();
  }
}

async function subscribe(client: Client, key: string): Promise<void> {
  await navigator.serviceWorker.register(`./push.js?lang=${lang}`);
  const worker = await navigator.serviceWorker.ready;
  const { endpoint, keys } = (await subscription(worker.pushManager, key)).toJSON();
  await client.call('push.subscribe', { endpoint, p256dh: keys?.p256dh, auth: keys?.auth });
}

/** Call it from a click. Answers whether it is on now. */
export async function setPush(client: Client, key: string, on: boolean): Promise<boolean> {
  if (!on) {
    await leavePush(client);
  } else if ((await Notification.requestPermission()) === 'granted') {
    await subscribe(client, key);
    localStorage.setItem(KEY, client.me);
  }
  return wantsPush(client);
}

/** Nobody is told on this browser any more; also without the server, which
 *  hears of it from the push service then. */
export async function leavePush(client: Client): Promise<void> {
  if (localStorage.getItem(KEY) === null) return;
  localStorage.removeItem(KEY);
  client.call('push.unsubscribe').catch(() => {});
  const worker = await navigator.serviceWorker?.getRegistration();
  await (await worker?.pushManager.getSubscription())?.unsubscribe();
}

/** Subscribes anew at each start, since endpoints and keys change; takes away
 *  what the open conversation was told of, and follows clicks. */
export function usePush(conv: string | undefined): void {
  const client = useClientEvents(['status']);
  const now = useLang();
  const live = client.status.state === 'live';
  useEffect(() => {
    const again = async () => {
      const key = live && wantsPush(client) ? await pushKey(client) : undefined;
      if (key) await subscribe(client, key);
    };
    again().catch(() => {});
  }, [client, live, now]);
  useEffect(() => {
    if (!conv || !wantsPush(client)) return;
    void navigator.serviceWorker
      .getRegistration()
      .then((worker) => worker?.getNotifications({ tag: conv }))
      .then((shown) => shown?.forEach((notice) => notice.close()));
  }, [conv]);
  useEffect(() => {
    const follow = (e: MessageEvent) => {
      if (typeof e.data?.open === 'string') location.hash = e.data.open;
    };
    navigator.serviceWorker?.addEventListener('message', follow);
    return () => navigator.serviceWorker?.removeEventListener('message', follow);
  }, []);
}
