// What is unread shows in the title and the icon of the tab, and, when the
// user asked for it, as notifications while the page is hidden.
import { useEffect } from 'preact/hooks';
import type { ChatEvent, Client } from '../sdk/index';
import { useClientEvents, watched } from './hooks';
import { nameOf } from './names';

const KEY = 'moim.notify';

export const wantsNotices = () => localStorage.getItem(KEY) === 'yes' && Notification?.permission === 'granted';

/** Call it from a click. Answers whether they are on now. */
export async function setNotices(on: boolean): Promise<boolean> {
  localStorage.setItem(KEY, on ? 'yes' : 'no');
  if (on && 'Notification' in window) await Notification.requestPermission();
  return 'Notification' in window && wantsNotices();
}

/** Whether the user wants to hear of it: the conversation's word goes before
 *  his general one. */
function loud(client: Client, e: ChatEvent): boolean {
  const c = client.conversation(e.conv);
  if ((c?.muted_until ?? 0) > client.now()) return false;
  const own = c?.notify ?? 'default';
  const want = own === 'default' ? (client.people.settings?.notify ?? 'all') : own;
  return want === 'all' || (want === 'mentions' && Boolean(e.body.mentions?.includes(client.me)));
}

export function useNotices(open: string | undefined, show: (conv: string) => void): void {
  const client = useClientEvents(['changed', 'people']);
  const unread = client.conversations().reduce((sum, c) => sum + c.unread, 0);
  const peer = client.conversation(open ?? '');
  useEffect(() => {
    document.title = `${unread ? `(${unread}) ` : ''}${peer ? `${peer.title} · ` : ''}Moim`;
    const icon = document.querySelector<HTMLLinkElement>('link[rel=icon]');
    const file = unread ? './icon-unread.svg' : './icon.svg';
    if (icon && icon.getAttribute('href') !== file) icon.href = file;
  }, [unread, peer?.title]);
  useEffect(
    () =>
      client.on('event', (e) => {
        if (e.kind !== 'message' || e.from === client.me || watched()) return;
        if (!('Notification' in window) || !wantsNotices() || !loud(client, e)) return;
        const notice = new Notification(nameOf(client, e.from), { body: e.body.text, tag: e.conv, icon: './icon.svg' });
        notice.onclick = () => {
          window.focus();
          show(e.conv);
        };
      }),
    [client],
  );
}
