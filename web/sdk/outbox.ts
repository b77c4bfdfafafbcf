// Messages that were written and are not acked yet: kept across reloads, sent
// in order within a conversation, repeated under the same name until the
// server has said what became of them.
import { MoimError, sleep } from './errors';
import type { Outgoing, Store } from './types';

/** The server knows a message's name for a day; later a repeat would be a new
 *  message, so the user has to decide. */
const NAMED_MS = 23 * 3600_000;
/** Errors after which the same name is of no use. */
const NEEDS_NEW_NAME = ['idempotency_conflict', 'expired'];

export interface Ack {
  conv: string;
  msg: string;
  seq: number;
  ts: number;
}

export interface OutboxOptions {
  user: string;
  store?: Store;
  live: () => boolean;
  send: (item: Outgoing) => Promise<Ack>;
  onAck: (item: Outgoing, ack: Ack) => void;
  /** A change, which is forgotten: there is nothing to show and try again. */
  onRefused: (item: Outgoing, code: string) => void;
  onChange: (conv: string) => void;
}

/** 22 characters, 128 random bits. */
export function messageName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_').slice(0, 22);
}

export class Outbox {
  /** In the order in which they are sent. */
  items: Outgoing[] = [];
  private busy = new Set<string>();
  private count = 0;

  constructor(private o: OutboxOptions) {}

  async load(): Promise<void> {
    const kept = (await this.o.store?.outbox(this.o.user).catch(() => [])) ?? [];
    for (const item of kept) {
      if (item.state !== 'failed' && item.tried && Date.now() - item.tried > NAMED_MS) {
        item.state = 'failed';
        item.code = 'expired';
      }
    }
    kept.sort((a, b) => a.at - b.at || a.n - b.n);
    this.items = kept.concat(this.items);
    for (const item of kept) if (item.change && item.state === 'failed') this.refuse(item, item.code!);
    for (const conv of new Set(kept.map((i) => i.conv))) this.o.onChange(conv);
    this.flush();
  }

  /** The messages; what changes others shows in those. */
  of(conv: string): Outgoing[] {
    return this.items.filter((i) => i.conv === conv && !i.change);
  }

  changes(conv: string): Outgoing[] {
    return this.items.filter((i) => i.conv === conv && i.change);
  }

  /** How many wait for the network. */
  get waiting(): number {
    return this.items.filter((i) => i.state !== 'failed').length;
  }

  add(conv: string, text: string, more: Pick<Outgoing, 'reply_to' | 'mentions' | 'change'> = {}): Outgoing {
    const item: Outgoing = {
      ...more,
      msg: messageName(),
      user: this.o.user,
      conv,
      text,
      at: Date.now(),
      n: this.count++,
      state: 'pending',
      tried: 0,
    };
    this.items.push(item);
    this.keep(item);
    void this.pump(conv);
    return item;
  }

  retry(msg: string): void {
    const old = this.items.find((i) => i.msg === msg && i.state === 'failed');
    if (!old) return;
    this.discard(msg);
    const fresh = NEEDS_NEW_NAME.includes(old.code ?? '');
    const item: Outgoing = { ...old, state: 'pending', code: undefined, at: Date.now(), n: this.count++ };
    if (fresh) Object.assign(item, { msg: messageName(), tried: 0 });
    this.items.push(item);
    this.keep(item);
    void this.pump(item.conv);
  }

  /** It is known to be in the log, or the user gives it up. */
  discard(msg: string): void {
    const at = this.items.findIndex((i) => i.msg === msg);
    if (at < 0) return;
    const [item] = this.items.splice(at, 1);
    void this.o.store?.remove(msg).catch(() => {});
    this.o.onChange(item!.conv);
  }

  private refuse(item: Outgoing, code: string): void {
    this.discard(item.msg);
    this.o.onRefused(item, code);
  }

  /** Live again: everything that waits goes out. */
  flush(): void {
    for (const conv of new Set(this.items.map((i) => i.conv))) void this.pump(conv);
  }

  private keep(item: Outgoing): void {
    void this.o.store?.put({ ...item }).catch(() => {});
    this.o.onChange(item.conv);
  }

  /** One at a time in each conversation: that is what keeps them in order. */
  private async pump(conv: string): Promise<void> {
    if (this.busy.has(conv)) return;
    this.busy.add(conv);
    for (let item; this.o.live() && (item = this.items.find((i) => i.conv === conv && i.state !== 'failed')); ) {
      await this.attempt(item);
    }
    this.busy.delete(conv);
  }

  private async attempt(item: Outgoing): Promise<void> {
    if (!item.tried) {
      item.tried = Date.now();
      this.keep(item);
    }
    try {
      const ack = await this.o.send(item);
      this.o.onAck(item, ack);
      this.discard(item.msg);
    } catch (e) {
      const error = e as MoimError;
      if (!this.items.includes(item)) return; // heard or given up meanwhile
      if (!error.passing && item.change) {
        return this.refuse(item, error.code);
      }
      if (!error.passing) {
        item.state = 'failed';
        item.code = error.code;
      } else if (error.code !== 'rate_limited' && error.code !== 'busy') {
        item.state = 'unconfirmed';
      }
      this.keep(item);
      if (error.retryAfterMs) await sleep(error.retryAfterMs * (0.75 + Math.random() / 2));
    }
  }
}
