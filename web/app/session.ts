// Who is logged in on this browser, and the one client that belongs to it.
import { BrowserStore, Client, type Account } from '../sdk/index';
import { isDue, type Lifetime } from './renewal';

const KEY = 'moim.session';
const LOOK_MS = 20_000;

export interface Session extends Lifetime {
  user: string;
  name: string;
  token: string;
}

export const store = new BrowserStore();

export function kept(): Session | undefined {
  try {
    const s = JSON.parse(localStorage.getItem(KEY) ?? 'null');
    return s?.user && s.token ? s : undefined;
  } catch {
    return undefined;
  }
}

export function keep({ user, name, token, expires }: Omit<Account, 'device'>): Session {
  const session = { user, name, token, since: Date.now(), expires };
  localStorage.setItem(KEY, JSON.stringify(session));
  return session;
}

export function forget(): void {
  localStorage.removeItem(KEY);
}

export function open(session: Session): Client {
  const client = new Client({ url: location.origin, user: session.user, token: () => session.token, store });
  client.people.learn(session.user, session.name);
  void client.start();
  // Who uses it stays logged in, with whichever tab's token is the latest.
  const looks = setInterval(async () => {
    const latest = kept();
    if (latest?.user !== session.user) return clearInterval(looks);
    session = latest;
    if (client.status.state !== 'live' || !isDue(session, Date.now())) return;
    const fresh = await client.call('token.refresh').catch(() => undefined);
    if (fresh && kept()?.user === session.user) session = keep({ ...session, ...fresh });
  }, LOOK_MS);
  return client;
}

/** What the login is called on the server's list of devices. */
export function deviceName(): string {
  const browser = /Firefox|Edg|Chrome|Safari/.exec(navigator.userAgent)?.[0] ?? 'Browser';
  const system = /Android|iPhone|iPad|Windows|Mac OS|Linux/.exec(navigator.userAgent)?.[0] ?? '';
  return `${browser} ${system}`.trim();
}
