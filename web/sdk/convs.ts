// All conversations of the user: the list, their logs, what is unread, and
// the catching up after a reconnect.
import type { Calls } from './calls';
import { MoimError, sleep } from './errors';
import { Log } from './log';
import type { ChatEvent, Conversation } from './types';

const PAGE = 50; // the first; later ones are twice as long
const SYNC_AT_ONCE = 200;
/** More than this behind, and the run starts anew at the end. */
const CATCH_UP_MAX = 1000;
/** A hole is given this long to close by itself. */
const HOLE_MS = 300;
const KEPT_CONVS = 30;
const KEPT_EVENTS = 40;
/** Kinds that change the list itself. */
const CHANGES_LIST = /^(group|member)\./;

export interface ConvsOptions {
  me: string;
  calls: Calls;
  live: () => boolean;
  onEvent: (event: ChatEvent) => void;
  onReset: (conv: string, from: number, to: number) => void;
  onChange: (conv?: string) => void;
  onName: (user: string, name: string) => void;
  /** Something of another came. */
  onGot: (conv: string) => void;
}

export interface Snapshot {
  list: Conversation[];
  runs: { conv: string; from: number; events: ChatEvent[] }[];
}

interface Synced {
  conv: string;
  state: string;
  head: number;
}

/** A store could not tell. */
const later = (convs: Synced[], conv: string) => convs.some((c) => c.conv === conv && c.state === 'unavailable');

export class Convs {
  list = new Map<string, Conversation>();
  private logs = new Map<string, Log>();
  private loading = new Map<string, Promise<boolean>>();
  private filling = new Set<string>();
  private listing?: ReturnType<typeof setTimeout>;
  private reads = new Map<string, ReturnType<typeof setTimeout>>();
  /** The first list says where we begin; later ones may name new ones. */
  private begun = false;
  private round = 0;
  private latest?: Promise<void>;

  constructor(private o: ConvsOptions) {}

  log(conv: string): Log {
    let log = this.logs.get(conv);
    if (!log) this.logs.set(conv, (log = new Log()));
    return log;
  }

  // ---- what is pushed ----

  /** Takes an event from wherever it came, in any order. */
  take(event: ChatEvent): void {
    const log = this.log(event.conv);
    const fresh = log.add(event);
    if (!log.anchored) this.listSoon();
    for (const e of fresh) this.deliver(e);
    if (log.hole && log.anchored) this.fillSoon(event.conv);
    this.o.onChange(event.conv);
  }

  private deliver(e: ChatEvent): void {
    if (e.from !== this.o.me) this.o.onGot(e.conv);
    const conv = this.list.get(e.conv);
    if (conv) {
      conv.head = Math.max(conv.head, e.seq);
      conv.ts = Math.max(conv.ts, e.ts ?? 0);
      if (e.seq > conv.read && e.from !== this.o.me && e.kind === 'message') conv.unread++;
    }
    if (!conv || CHANGES_LIST.test(e.kind)) this.listSoon();
    this.o.onEvent(e);
  }

  private fillSoon(conv: string): void {
    if (this.filling.has(conv)) return;
    this.filling.add(conv);
    setTimeout(() => {
      this.fill(conv)
        .catch(() => {}) // the next connection catches up
        .finally(() => this.filling.delete(conv));
    }, HOLE_MS);
  }

  private async fill(conv: string): Promise<void> {
    const log = this.log(conv);
    while (log.hole && log.anchored && this.o.live()) {
      const before = log.high;
      const page = await this.o.calls.patient('history', { conv, after: before, limit: 100 });
      for (const e of page.events) for (const f of log.add(e)) this.deliver(f);
      // What is missing is not to be had: before our time, or gone.
      if (log.high === before) this.restart(conv, log.firstHeld - 1);
      this.o.onChange(conv);
    }
  }

  private restart(conv: string, at: number): void {
    const log = this.log(conv);
    const before = log.high;
    if (log.anchored && at > before) this.o.onReset(conv, before + 1, at);
    for (const e of log.anchor(at)) this.deliver(e);
    this.o.onChange(conv);
  }

  // ---- the list ----

  listSoon(): void {
    clearTimeout(this.listing);
    this.listing = setTimeout(() => this.catchUp().catch(() => {}), HOLE_MS);
  }

  /** After every `ready`, and whenever the list may have changed: the list,
   *  then what is missing of each log. A newer call ends an older one, which
   *  is done when the newer is. */
  catchUp(): Promise<void> {
    return (this.latest = this.run(++this.round));
  }

  private async run(round: number): Promise<void> {
    const answer = await this.o.calls.patient('conversations');
    if (round !== this.round) return this.latest;
    this.takeList(answer.conversations);
    await this.sync(round);
  }

  private takeList(list: Conversation[]): void {
    const first = !this.begun;
    this.begun = true;
    const before = this.list;
    this.list = new Map(list.map((c) => [c.conv, c]));
    for (const c of list) {
      const was = before.get(c.conv);
      const seen = was?.read ?? 0;
      if (was) this.hiddenSince(c, was.hidden ?? 0);
      if (c.unread > 0) this.o.onGot(c.conv);
      const log = this.log(c.conv);
      if (c.peer) this.o.onName(c.peer, c.title);
      if (!log.anchored) {
        for (const e of log.anchor(first ? c.head : Math.min(c.read, c.head))) this.deliver(e);
      }
      if (c.head - log.high > CATCH_UP_MAX) this.restart(c.conv, c.head);
      c.head = Math.max(c.head, log.high);
      this.count(c);
      this.read(c.conv, seen); // we said so while nobody heard it
    }
    this.o.onChange();
  }

  private async sync(round: number): Promise<void> {
    let want = [...this.list.values()].filter((c) => this.log(c.conv).high < c.head).map((c) => c.conv);
    while (want.length > 0 && round === this.round) {
      const now = want.slice(0, SYNC_AT_ONCE);
      const convs = now.map((conv) => ({ conv, seq: this.log(conv).high }));
      const answer = await this.o.calls.patient('sync', { convs });
      const again = this.judge(answer.convs).filter(
        // No step forward: a hole, which is filled elsewhere.
        (conv) => this.log(conv).high > (convs.find((c) => c.conv === conv)?.seq ?? 0) || later(answer.convs, conv),
      );
      want = want.slice(SYNC_AT_ONCE).concat(again);
      if (again.some((conv) => later(answer.convs, conv))) await sleep(1000);
    }
  }

  /** Which of them have to be asked again. */
  private judge(convs: Synced[]): string[] {
    const again: string[] = [];
    for (const { conv, state, head } of convs) {
      if (state === 'more' || state === 'unavailable') again.push(conv);
      else if (state === 'resync') {
        this.logs.set(conv, new Log());
        this.o.onReset(conv, 1, head);
        for (const e of this.log(conv).anchor(head)) this.deliver(e);
      } else if (state === 'not_found') this.list.delete(conv);
      this.o.onChange(conv);
    }
    return again;
  }

  // ---- reading ----

  /** Older events of `conv`; answers whether there may be more. */
  older(conv: string, signal?: AbortSignal): Promise<boolean> {
    let load = this.loading.get(conv);
    if (!load) {
      load = this.page(conv, signal).finally(() => this.loading.delete(conv));
      this.loading.set(conv, load);
    }
    return load;
  }

  private async page(conv: string, signal?: AbortSignal): Promise<boolean> {
    const log = this.log(conv);
    const listed = this.list.get(conv);
    if (!log.anchored && !listed) throw new MoimError('offline');
    if (!log.anchored) log.anchor(listed!.head);
    if (log.whole) return false;
    const page = await this.o.calls.patient('history', { conv, before: log.low, limit: log.events.length < PAGE ? PAGE : 2 * PAGE }, { signal });
    log.from = Math.max(1, page.from);
    log.prepend(page.events);
    if (page.events.length === 0) log.from = log.low;
    const c = this.list.get(conv);
    if (c) this.count(c);
    this.o.onChange(conv);
    return !log.whole;
  }

  /** Counts the others' messages where we have them; else the server's word
   *  stands. */
  private count(c: Conversation): void {
    const log = this.log(c.conv);
    if (c.read >= c.head) c.unread = 0;
    else if (log.low <= c.read + 1 || log.whole) {
      c.unread = log.events.filter((e) => e.seq > c.read && e.from !== this.o.me && e.kind === 'message').length;
    } else c.unread = Math.min(c.unread, c.head - c.read);
  }

  /** The user has seen everything up to `seq`; told to the server soon. */
  read(conv: string, seq: number): void {
    const c = this.list.get(conv);
    if (!c || seq <= c.read || c.role === 'none') return;
    c.read = Math.min(seq, c.head);
    this.count(c);
    this.o.onChange(conv);
    clearTimeout(this.reads.get(conv));
    this.reads.set(
      conv,
      setTimeout(() => {
        const at = this.list.get(conv)?.read ?? 0;
        this.o.calls.patient('read', { conv, seq: at }).catch(() => {}); // the next list says it again
      }, HOLE_MS),
    );
  }

  /** Read on another device, or by `read` here. */
  heardRead(conv: string, seq: number): void {
    const c = this.list.get(conv);
    if (!c || seq <= c.read) return;
    c.read = Math.min(seq, c.head);
    this.count(c);
    this.o.onChange(conv);
  }

  // ---- what the user has hidden from himself ----

  async hide(conv: string, seq: number): Promise<void> {
    this.heardHidden(await this.o.calls.patient('message.hide', { conv, seq }));
  }

  heardHidden({ conv, count, seqs }: { conv: string; count: number; seqs: number[] }): void {
    for (const seq of seqs) this.log(conv).hide(seq);
    const c = this.list.get(conv);
    if (c) {
      const had = c.hidden ?? 0;
      c.hidden = Math.max(had, count);
      if (count - had > seqs.length) this.hiddenSince(c, had);
      this.count(c);
    }
    this.o.onChange(conv);
  }

  /** There may be more than the first `known`: what is loaded learns of it. */
  private hiddenSince(c: Conversation, known: number): void {
    if ((c.hidden ?? 0) <= known) return;
    c.hidden = known; // until we know which: a later list asks again
    this.o.calls.patient('message.hidden', { conv: c.conv, after: known }).then(
      (answer) => this.heardHidden(answer),
      () => {},
    );
  }

  // ---- across a reload ----

  snapshot(): Snapshot {
    const list = [...this.list.values()].sort((a, b) => b.ts - a.ts);
    const runs = list.slice(0, KEPT_CONVS).map(({ conv }) => {
      const log = this.log(conv);
      return { conv, from: log.from, events: log.events.slice(-KEPT_EVENTS) };
    });
    return { list, runs: runs.filter((r) => r.events.length > 0) };
  }

  restore(snapshot: Snapshot): void {
    if (this.begun) return;
    this.list = new Map(snapshot.list.map((c) => [c.conv, c]));
    for (const c of snapshot.list) if (c.peer) this.o.onName(c.peer, c.title);
    for (const run of snapshot.runs) {
      const log = this.log(run.conv);
      log.anchor(run.events[0]!.seq - 1);
      log.from = run.from;
      log.events = run.events;
    }
    this.o.onChange();
  }
}
