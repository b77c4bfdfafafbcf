// The service worker, which the browser wakes for a push while no page is
// open. It shows what it was told and opens the conversation, no more: pages
// are never served from here.
import { noticeOf, placeOf, readPush } from './pushed';

/** As much of a worker's world as is used here. */
interface Page {
  focused: boolean;
  focus(): Promise<unknown>;
  postMessage(message: unknown): void;
}
interface Woken {
  waitUntil(work: Promise<unknown>): void;
  data?: { text(): string };
  notification: { data: string; close(): void };
}
declare const self: {
  location: Location;
  addEventListener(type: string, fn: (e: Woken) => void): void;
  skipWaiting(): Promise<void>;
  registration: { showNotification(title: string, options: object): Promise<void> };
  clients: {
    claim(): Promise<void>;
    matchAll(options: object): Promise<Page[]>;
    openWindow(url: string): Promise<unknown>;
  };
};

const lang = new URL(self.location.href).searchParams.get('lang') ?? 'en';
const pages = () => self.clients.matchAll({ type: 'window', includeUncontrolled: true });

async function show(text: string): Promise<void> {
  const push = readPush(text);
  if (!push || (await pages()).some((page) => page.focused)) return;
  const { title, options } = noticeOf(push, lang);
  await self.registration.showNotification(title, options);
}

async function open(conv: string): Promise<void> {
  const [page] = await pages();
  if (!page) {
    await self.clients.openWindow(`./${placeOf(conv)}`);
    return;
  }
  await page.focus();
  page.postMessage({ open: placeOf(conv) });
}

self.addEventListener('install', (e) => e.waitUntil(self.skipWaiting()));
self.addEventListener('activate', (e) => e.waitUntil(self.clients.claim()));
self.addEventListener('push', (e) => e.waitUntil(show(e.data?.text() ?? '')));
self.addEventListener('notificationclick', (e) => {
  e.notification.close();
  e.waitUntil(open(e.notification.data));
});
