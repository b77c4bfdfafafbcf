// The client: one user's conversations and people, over a link that comes
// back by itself. docs/client-behaviour.md says what it owes the server.
import { Calls, type CallOptions } from './calls';
import { changed, eventOf } from './changes';
import { Convs, type Snapshot } from './convs';
import { Emitter } from './emitter';
import { Link } from './link';
import { Outbox } from './outbox';
import { People } from './people';
import { Receipts } from './receipts';
import { WAYS } from './ways';
import type {
  Change,
  ChatEvent,
  ClientEvents,
  ClientOptions,
  Conversation,
  Marks,
  Member,
  Outgoing,
  SocketClass,
  Status,
} from './types';

const KEEP_MS = 2_000; // between two snapshots

export class Client extends Emitter<ClientEvents> {
  readonly me: string;
  readonly people: People;
  readonly outbox: Outbox;
  private calls: Calls;
  private convs: Convs;
  private receipts: Receipts;
  private link: Link;
  private keeping?: ReturnType<typeof setTimeout>;
  private undo: (() => void)[] = [];
  private opened: Promise<void>;

  constructor(private o: ClientOptions) {
    super();
    this.me = o.user;
    const live = () => this.link.live;
    this.link = new Link({
      url: o.url.replace(/\/$/, ''),
      token: o.token,
      WebSocket: o.WebSocket ?? (globalThis as any as { WebSocket: SocketClass }).WebSocket,
      fetch: o.fetch ?? globalThis.fetch.bind(globalThis),
      ways: o.ways ?? WAYS,
      backoff: o.backoff ?? { firstMs: 1_000, mostMs: 60_000 },
      openMs: o.openMs ?? 2_500,
      silenceMs: o.silenceMs,
      onStatus: (status) => this.emit('status', status),
      onReady: () => this.ready(),
      onFrame: (frame) => this.take(frame),
      onDown: () => this.down(),
    });
    this.calls = new Calls((frame) => this.link.send(frame));
    this.people = new People({
      calls: this.calls,
      live,
      onTyping: (conv) => this.emit('typing', { conv }),
      onPresence: (users) => this.emit('presence', { users }),
      onPeople: () => this.emit('people', {}),
    });
    this.convs = new Convs({
      me: o.user,
      calls: this.calls,
      live,
      onEvent: (event) => this.heard(event),
      onReset: (conv, from, to) => this.emit('reset', { conv, from, to }),
      onChange: (conv) => this.changed(conv),
      onName: (user, name) => this.people.learn(user, name),
      onGot: (conv) => this.receipts.got(conv),
    });
    this.receipts = new Receipts({
      me: o.user,
      calls: this.calls,
      conversation: (conv) => this.conversation(conv),
      high: (conv) => this.convs.log(conv).high,
      onReceipts: (conv) => this.emit('receipts', { conv }),
    });
    this.outbox = new Outbox({
      user: o.user,
      store: o.store,
      live,
      send: ({ conv, msg, text, reply_to, mentions, change: { type, ...change } = { type: 'send' } }) =>
        this.calls.call(type, { conv, msg, ...(type === 'send' ? { text, reply_to, mentions } : change) }),
      onAck: (item, { seq, ts }) => this.convs.take(eventOf(item, seq, ts)),
      onRefused: (item, code) => this.emit('refused', { item, code }),
      onChange: (conv) => this.changed(conv),
    });
    this.opened = this.restore();
  }

  // ---- life ----

  /** What was kept is shown first, then we connect. */
  async start(): Promise<void> {
    await this.opened;
    for (const name of ['online', 'offline']) this.listen(name, globalThis as any, () => this.link.retryNow());
    this.listen('visibilitychange', (globalThis as any).document, () => this.link.retryNow());
    this.link.start();
  }

  stop(): void {
    for (const undo of this.undo.splice(0)) undo();
    clearTimeout(this.keeping);
    this.link.stop();
    this.down();
  }

  retryNow(): void {
    if (this.status.state === 'ended') this.link.start();
    else this.link.retryNow();
  }

  get status(): Status {
    return this.link.status;
  }

  /** The server's time, for "3 minutes ago". */
  now(): number {
    return Date.now() + this.link.clockOffset;
  }

  private listen(name: string, target: EventTarget | undefined, fn: () => void): void {
    if (!target?.addEventListener) return;
    target.addEventListener(name, fn);
    this.undo.push(() => target.removeEventListener(name, fn));
  }

  // ---- conversations ----

  /** Those that are pinned, then the latest first. */
  conversations(): Conversation[] {
    const pinned = (c: Conversation) => Number(c.pinned ?? false);
    return [...this.convs.list.values()].sort(
      (a, b) => pinned(b) - pinned(a) || b.ts - a.ts || (a.conv < b.conv ? 1 : -1),
    );
  }

  conversation(conv: string): Conversation | undefined {
    return this.convs.list.get(conv);
  }

  /** What is loaded of the log, in order: messages as they are by now, with
   *  our own changes that are on their way. */
  events(conv: string): ChatEvent[] {
    const shown = this.convs.log(conv).shown();
    const items = this.outbox.changes(conv);
    if (items.length === 0) return shown;
    const about = new Set(items.map((i) => i.change!.seq));
    return shown.map((e) => (about.has(e.seq) ? this.soon(e, items) : e));
  }

  /** One of them, when it is loaded. */
  at(conv: string, seq: number): ChatEvent | undefined {
    const e = this.convs.log(conv).at(seq);
    return e && this.soon(e, this.outbox.changes(conv));
  }

  private soon(message: ChatEvent, items: Outgoing[]): ChatEvent {
    return items
      .filter((i) => i.change!.seq === message.seq)
      .reduce((e, i) => changed(e, eventOf(i, (e.changed ?? e.seq) + 1, i.at)), message);
  }

  /** Nothing older is to be had. */
  whole(conv: string): boolean {
    return this.convs.log(conv).whole;
  }

  loadOlder(conv: string, signal?: AbortSignal): Promise<boolean> {
    return this.convs.older(conv, signal);
  }

  send(conv: string, text: string, more?: Pick<Outgoing, 'reply_to' | 'mentions'>): Outgoing {
    return this.outbox.add(conv, text, more);
  }

  /** Edits, deletes or reacts: kept, repeated and in order as messages are. */
  change(conv: string, change: Change): void {
    this.outbox.add(conv, '', { change });
  }

  /** Deletes an event for this user only, for good. */
  hide(conv: string, seq: number): Promise<void> {
    return this.convs.hide(conv, seq);
  }

  /** The conversation that is looked at; `receipts` tells of changes. */
  follow(conv: string): void {
    this.receipts.follow(conv);
  }

  /** How many others have got and read a message of ours. */
  receipt(e: ChatEvent): Marks & { others: number } {
    return this.receipts.of(e);
  }

  read(conv: string, seq: number): void {
    this.convs.read(conv, seq);
  }

  /** Any command, once. For those that the SDK has no better word for. */
  call(type: string, fields?: object, options?: CallOptions): Promise<any> {
    return this.calls.call(type, fields, options);
  }

  async openDirect(user: string): Promise<string> {
    return this.changes(await this.calls.patient('direct.open', { user }));
  }

  async createGroup(title: string, members: string[]): Promise<string> {
    return this.changes(await this.calls.call('group.create', { title, members }));
  }

  async addMember(conv: string, user: string): Promise<void> {
    await this.changeGroup('group.add', { conv, user });
  }

  async removeMember(conv: string, user: string): Promise<void> {
    await this.changeGroup('group.remove', { conv, user });
  }

  /** Members by page; `next` goes into the next page's `after`. */
  async members(conv: string, after?: string): Promise<{ total: number; members: Member[]; next?: string }> {
    const page = await this.calls.patient('group.members', { conv, after });
    for (const m of page.members) this.people.learn(m.user, m.name);
    return page;
  }

  /** group.title, group.role, group.join, … : what changes a group. */
  async changeGroup(type: string, fields: object): Promise<string> {
    return this.changes(await this.calls.patient(type, fields));
  }

  /** The user's own settings of a conversation: shown at once. */
  async set(conv: string, change: Pick<Conversation, 'muted_until' | 'pinned' | 'notify'>): Promise<void> {
    const put = (values: object) => {
      Object.assign(this.convs.list.get(conv) ?? {}, values);
      this.emit('changed', { conv });
    };
    const { muted_until, pinned, notify } = this.conversation(conv) ?? {};
    put(change);
    try {
      await this.calls.patient('conv.set', { conv, ...change });
    } catch (error) {
      put({ muted_until, pinned, notify });
      throw error;
    }
  }

  async leave(conv: string): Promise<void> {
    await this.changeGroup('group.leave', { conv });
  }

  private async changes(answer: { conv: string }): Promise<string> {
    await this.convs.catchUp().catch(() => {}); // it is done; the list follows
    return answer.conv;
  }

  // ---- what the link says ----

  private ready(): void {
    this.convs.catchUp().catch(() => {}); // broke again: the next ready does it
    this.people.ready();
    this.receipts.ready();
    this.outbox.flush();
  }

  private take(frame: any): void {
    if (this.calls.answer(frame)) return;
    if (frame.type === 'event') this.convs.take(frame);
    else if (frame.type === 'typing') this.people.heardTyping(frame.conv, frame.user);
    else if (frame.type === 'receipts') this.receipts.heard(frame);
    else if (frame.type === 'read') this.convs.heardRead(frame.conv, frame.seq);
    else if (frame.type === 'hidden') this.convs.heardHidden(frame);
    else if (frame.type === 'presence') this.people.heardPresence(frame.users);
    else if (frame.type === 'list') {
      this.people.heardList(frame);
      if (frame.list === 'conversations') this.convs.listSoon();
    } else if (frame.type === 'resync') this.convs.catchUp().catch(() => {});
  }

  private heard(event: ChatEvent): void {
    if (event.kind === 'message') this.people.stopTyping(event.conv, event.from);
    if (event.from === this.me && event.msg) this.outbox.discard(event.msg);
    this.emit('event', event);
  }

  private down(): void {
    this.calls.down();
    this.people.down();
  }

  private changed(conv?: string): void {
    this.emit('changed', { conv });
    if (!this.o.store || this.keeping) return;
    this.keeping = setTimeout(() => {
      this.keeping = undefined;
      const kept = { ...this.convs.snapshot(), names: [...this.people.names] };
      void this.o.store?.keep(this.me, kept).catch(() => {});
    }, KEEP_MS);
  }

  private async restore(): Promise<void> {
    const kept = (await this.o.store?.snapshot(this.me).catch(() => undefined)) as
      | (Snapshot & { names: [string, string][] })
      | undefined;
    if (kept) {
      for (const [user, name] of kept.names) this.people.names.set(user, name);
      this.convs.restore(kept);
    }
    await this.outbox.load();
  }
}
