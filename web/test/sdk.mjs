// What the SDK's tests share: accounts on the cluster, clients whose every
// event is written down, and sockets that lose, double and reorder.
import { randomBytes } from 'node:crypto';
import WebSocket from 'ws';
import { Client, signup } from '../dist/moim.js';
import { PASSWORD, PATIENCE_MS, cluster } from './browser.mjs';

const open = new Set();

/** A store that is shared by the clients it is given to, as a browser's is. */
export function memoryStore() {
  const items = new Map();
  let snapshot;
  return {
    items,
    outbox: async (user) => [...items.values()].filter((i) => i.user === user),
    put: async (item) => void items.set(item.msg, structuredClone(item)),
    remove: async (msg) => void items.delete(msg),
    snapshot: async () => structuredClone(snapshot),
    keep: async (_, kept) => void (snapshot = structuredClone(kept)),
    clear: async () => items.clear(),
  };
}

export function account(name, url = cluster.gateways[0]) {
  return signup(url, `${name}-${randomBytes(4).toString('hex')}`, PASSWORD);
}

/** A client and what it said: got[conv] are its events, in order. */
export function client(account, url, options = {}) {
  const c = new Client({
    url,
    user: account.user,
    token: account.token,
    WebSocket,
    backoff: { firstMs: 100, mostMs: 500 },
    ...options,
  });
  c.got = {};
  c.resets = [];
  c.on('event', (e) => (c.got[e.conv] ??= []).push(e));
  c.on('reset', (r) => c.resets.push(r));
  open.add(c);
  return c;
}

export async function live(account, url, options) {
  const c = client(account, url, options);
  await c.start();
  await until(() => c.status.state === 'live', 'live');
  return c;
}

export function closeAll() {
  for (const c of open) c.stop();
  open.clear();
}

export const texts = (c, conv) =>
  (c.got[conv] ?? []).filter((e) => e.kind === 'message').map((e) => e.body.text);

/** Every event once, in order, without a hole. */
export function unbroken(c, conv) {
  const seqs = (c.got[conv] ?? []).map((e) => e.seq);
  return seqs.every((seq, i) => i === 0 || seq === seqs[i - 1] + 1);
}

export async function until(truth, what, ms = PATIENCE_MS) {
  const end = Date.now() + ms;
  while (!(await truth())) {
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((r) => setTimeout(r, 10));
  }
}

/** A WebSocket class whose `event` frames pass through `bend`, which answers
 *  the frames to deliver instead. */
export function bent(bend) {
  return class extends WebSocket {
    set onmessage(fn) {
      super.onmessage =
        fn &&
        ((e) => {
          const frames = e.data.split('\n').map((text) => JSON.parse(text));
          const out = frames.flatMap((f) => (f.type === 'event' ? bend(f) : [f]));
          if (out.length) fn({ data: out.map((f) => JSON.stringify(f)).join('\n') });
        });
    }
  };
}
