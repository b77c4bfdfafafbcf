// How components follow the client, the address bar and the clock.
import { createContext } from 'preact';
import { useContext, useEffect, useLayoutEffect, useState } from 'preact/hooks';
import type { Client, ClientEvents } from '../sdk/index';

export const ClientContext = createContext<Client>(null as unknown as Client);
export const useClient = () => useContext(ClientContext);

function useDraw(): () => void {
  const [, set] = useState(0);
  return () => set((n) => n + 1);
}

/** Draws again when the client says one of these, about `conv` if given. It
 *  listens from the first drawing on: later, what comes between is missed. */
export function useClientEvents(names: (keyof ClientEvents)[], conv?: string): Client {
  const client = useClient();
  const draw = useDraw();
  useLayoutEffect(() => {
    const off = names.map((name) =>
      client.on(name, (e) => {
        const about = (e as { conv?: string }).conv;
        if (!conv || !about || about === conv) draw();
      }),
    );
    return () => off.forEach((fn) => fn());
  }, [client, conv]);
  return client;
}

/** Draws again every `ms` while `on`. */
export function useTick(ms: number, on = true): void {
  const draw = useDraw();
  useEffect(() => {
    if (!on) return;
    const timer = setInterval(draw, ms);
    return () => clearInterval(timer);
  }, [ms, on]);
}

/** The open conversation is in the address: the browser's Back works. */
export function useConv(): [string | undefined, (conv: string | undefined) => void] {
  const read = () => /^#c\/([0-9a-z]{13})$/.exec(location.hash)?.[1];
  const [conv, set] = useState(read());
  useLayoutEffect(() => {
    const follow = () => set(read());
    window.addEventListener('hashchange', follow);
    return () => window.removeEventListener('hashchange', follow);
  }, []);
  return [
    conv,
    (next) => {
      location.hash = next ? `#c/${next}` : '';
    },
  ];
}

/** Whether somebody is looking at the page. */
export function watched(): boolean {
  return document.visibilityState === 'visible' && document.hasFocus();
}

const AWAY_MS = 5 * 60_000;

/** Tells the others when nobody has been at this page for a while. */
export function useHere(): void {
  const client = useClient();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const here = () => {
      if (document.visibilityState !== 'visible') return;
      client.people.here(true);
      clearTimeout(timer);
      timer = setTimeout(() => client.people.here(false), AWAY_MS);
    };
    const signs = ['pointerdown', 'pointermove', 'keydown', 'visibilitychange'];
    here();
    for (const sign of signs) document.addEventListener(sign, here);
    return () => {
      clearTimeout(timer);
      for (const sign of signs) document.removeEventListener(sign, here);
    };
  }, [client]);
}
