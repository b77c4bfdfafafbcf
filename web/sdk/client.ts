// The client: one user's conversations and people, over a link that comes
// back by itself. docs/client-behaviour.md says what it owes the server.
import { Calls, type CallOptions } from './calls';
import { Convs, type Snapshot } from './convs';
import { Emitter } from './emitter';
import { Link } from './link';
import { Outbox } from './outbox';
import { People } from './people';
import { WAYS } from './ways';
import type { ChatEvent, ClientEvents, ClientOptions, Conversation, Outgoing, SocketClass, Status } from './types';

const KEEP_MS = 2_000; // between two snapshots

export class Client extends Emitter<ClientEvents> {
  readonly me: string;
  readonly people: People;
  readonly outbox: Outbox;
  private calls: Calls;
  private convs: Convs;
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
    });
    this.outbox = new Outbox({
      user: o.user,
      store: o.store,
      live,
      send: ({ conv, msg, text }) => this.calls.call('send', { conv, msg, text }),
      onAck: ({ conv, msg, text }, { seq, ts }) =>
        this.convs.take({ conv, seq, ts, from: this.me, kind: 'message', msg, body: { text } }),
      onChange: (conv) => this.changed(conv),
    });
    this.opened = this.restore();
  }

  // ---- life ----

  /** What was kept is shown first, then we connect. */
  async start(): Promise<void> {
    await this.opened;
    this.follow('online', globalThis as any, () => this.link.retryNow());
    this.follow('visibilitychange', (globalThis as any).document, () => this.link.retryNow());
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

  private follow(name: string, target: EventTarget | undefined, fn: () => void): void {
    if (!target?.addEventListener) return;
    target.addEventListener(name, fn);
    this.undo.push(() => target.removeEventListener(name, fn));
  }

  // ---- conversations ----

  /** The latest first. */
  conversations(): Conversation[] {
    return [...this.convs.list.values()].sort((a, b) => b.ts - a.ts || (a.conv < b.conv ? 1 : -1));
  }

  conversation(conv: string): Conversation | undefined {
    return this.convs.list.get(conv);
  }

  /** What is loaded of the log, in order. */
  events(conv: string): ChatEvent[] {
    return this.convs.log(conv).shown();
  }

  /** Nothing older is to be had. */
  whole(conv: string): boolean {
    return this.convs.log(conv).whole;
  }

  loadOlder(conv: string, signal?: AbortSignal): Promise<boolean> {
    return this.convs.older(conv, signal);
  }

  send(conv: string, text: string): Outgoing {
    this.people.typed(conv);
    return this.outbox.add(conv, text);
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
    await this.changes(await this.calls.patient('group.add', { conv, user }));
  }

  async removeMember(conv: string, user: string): Promise<void> {
    await this.changes(await this.calls.patient('group.remove', { conv, user }));
  }

  async leave(conv: string): Promise<void> {
    await this.changes(await this.calls.patient('group.leave', { conv }));
  }

  private async changes(answer: { conv: string }): Promise<string> {
    await this.convs.catchUp().catch(() => {}); // it is done; the list follows
    return answer.conv;
  }

  // ---- what the link says ----

  private ready(): void {
    this.convs.catchUp().catch(() => {}); // broke again: the next ready does it
    this.people.ready();
    this.outbox.flush();
  }

  private take(frame: any): void {
    if (this.calls.answer(frame)) return;
    if (frame.type === 'event') this.convs.take(frame);
    else if (frame.type === 'typing') this.people.heardTyping(frame.conv, frame.user);
    else if (frame.type === 'presence') this.people.heardPresence(frame.users);
    else if (frame.type === 'resync') this.convs.catchUp().catch(() => {});
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
