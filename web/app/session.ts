// Who is logged in on this browser, and the one client that belongs to it.
import { BrowserStore, Client, type Account } from '../sdk/index';

const KEY = 'moim.session';

export interface Session {
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

export function keep({ user, name, token }: Account): Session {
  const session = { user, name, token };
  localStorage.setItem(KEY, JSON.stringify(session));
  return session;
}

export function forget(): void {
  localStorage.removeItem(KEY);
}

export function open(session: Session): Client {
  const client = new Client({ url: location.origin, user: session.user, token: session.token, store });
  client.people.learn(session.user, session.name);
  void client.start();
  return client;
}

/** What the login is called on the server's list of devices. */
export function deviceName(): string {
  const browser = /Firefox|Edg|Chrome|Safari/.exec(navigator.userAgent)?.[0] ?? 'Browser';
  const system = /Android|iPhone|iPad|Windows|Mac OS|Linux/.exec(navigator.userAgent)?.[0] ?? '';
  return `${browser} ${system}`.trim();
}
