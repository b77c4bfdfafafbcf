// What the server says and what the SDK hands out: the words of
// docs/protocol.md as types.

/** An entry of a conversation's log. `(conv, seq)` names it. */
export interface ChatEvent {
  conv: string;
  seq: number;
  ts: number;
  from: string;
  /** message, group.created, member.added, …; newer servers have more. */
  kind: string;
  msg?: string;
  body: {
    text?: string;
    reply_to?: number;
    mentions?: string[];
    user?: string;
    title?: string;
    members?: number;
    /** Of message.edited, message.deleted, message.reacted: the message. */
    seq?: number;
    /** Of message.reacted; null: none any more. */
    emoji?: string | null;
    role?: Conversation['role'];
    until?: number;
    owner?: string;
    keep_ms?: number;
  };
  /** What became of a message; events up to `changed` are contained. */
  changed?: number;
  edited?: { seq: number; ts: number };
  deleted?: { by: string; ts: number };
  reactions?: { emoji: string; users: string[] }[];
}

export interface Conversation {
  conv: string;
  kind: 'direct' | 'group';
  /** Of a direct one: the other user. */
  peer?: string;
  title: string;
  role: 'owner' | 'admin' | 'member' | 'none';
  members: number;
  head: number;
  read: number;
  unread: number;
  /** How many events the user has hidden from himself. */
  hidden?: number;
  ts: number;
  /** The user's own: until when it makes no noise; kept on top; for what. */
  muted_until?: number;
  pinned?: boolean;
  notify?: Settings['notify'] | 'default';
}

export interface Settings {
  /** Who may begin a conversation with the user; who sees that he is here. */
  reach: 'anybody' | 'friends' | 'nobody';
  seen: 'anybody' | 'friends' | 'nobody';
  notify: 'all' | 'mentions' | 'none';
}

export interface Member {
  user: string;
  name: string;
  role: 'owner' | 'admin' | 'member';
  joined: number;
  /** Until when he may not write. */
  muted?: number;
}

/** How far a member is: everything up to there was read, was got. */
export interface Marks {
  read: number;
  delivered: number;
}

export interface Friend {
  user: string;
  name: string;
  state: 'asked' | 'asks_me' | 'friend';
}

export interface Presence {
  user: string;
  state: 'online' | 'away' | 'offline' | 'unknown';
  since?: number;
}

/** pending: not acked yet. unconfirmed: attempted, and nobody could say what
 *  became of it; it is repeated until known. failed: refused, see `code`. */
export type SendState = 'pending' | 'unconfirmed' | 'failed';

/** What to do to the message at `seq`. */
export interface Change {
  type: 'message.edit' | 'message.delete' | 'message.react' | 'message.unreact';
  seq: number;
  text?: string;
  mentions?: string[];
  emoji?: string;
}

/** A message, or a change of one, on its way. It is gone from the outbox once it was acked. */
export interface Outgoing {
  msg: string;
  user: string;
  conv: string;
  /** Empty for a change. */
  text: string;
  reply_to?: number;
  mentions?: string[];
  change?: Change;
  /** When it was written, and its place among those of one millisecond. */
  at: number;
  n: number;
  state: SendState;
  /** When it was first handed to the network; 0: never. */
  tried: number;
  code?: string;
}

/** How texts and commands travel; the best first. */
export type Way = 'websocket' | 'sse' | 'longpoll' | 'poll';

/** idle: not started. waiting: the next attempt is at `retryAt`. ended: will
 *  not come back by itself, because of `code`. */
export interface Status {
  state: 'idle' | 'connecting' | 'live' | 'waiting' | 'ended';
  /** Wall clock, for a countdown. */
  retryAt?: number;
  /** Since when there is no live connection; absent while live. */
  downSince?: number;
  gateway?: string;
  /** While live. */
  way?: Way;
  code?: string;
}

export interface ClientEvents {
  status: Status;
  /** Every event of every conversation, in order of seq, each once. */
  event: ChatEvent;
  /** Events from..to of `conv` were not delivered as `event`s: there were too
   *  many, or the server has lost track. They can be read with loadOlder. */
  reset: { conv: string; from: number; to: number };
  /** What is shown of a conversation changed; of all of them without one. */
  changed: { conv?: string };
  typing: { conv: string };
  presence: { users: string[] };
  /** Others have got or read more of `conv`. */
  receipts: { conv: string };
  /** A change of a message was refused, and is as if it had never been. */
  refused: { item: Outgoing; code: string };
  people: Record<string, never>;
}

/** The part of the browser's WebSocket that is used; `ws` for Node has it. */
export interface Socket {
  onopen: ((e: any) => void) | null;
  onmessage: ((e: any) => void) | null;
  onclose: ((e: any) => void) | null;
  onerror: ((e: any) => void) | null;
  send(text: string): void;
  close(code?: number): void;
}
export type SocketClass = new (url: string, protocols: string[]) => Socket;

/** Where the outbox and a snapshot survive a reload. */
export interface Store {
  outbox(user: string): Promise<Outgoing[]>;
  put(item: Outgoing): Promise<void>;
  remove(msg: string): Promise<void>;
  snapshot(user: string): Promise<unknown>;
  keep(user: string, snapshot: unknown): Promise<void>;
  /** Forgets all that belongs to the user. */
  clear(user: string): Promise<void>;
}

export type Token = string | ((why: 'first' | 'again') => string | Promise<string>);

export interface ClientOptions {
  /** Of the page or the balancer, as https://chat.example. */
  url: string;
  user: string;
  /** Asked at the start and, with 'again', when the server refused the last. */
  token: Token;
  WebSocket?: SocketClass;
  fetch?: typeof fetch;
  /** Those that may be used, in order. Default: all of them. */
  ways?: readonly Way[];
  store?: Store;
  /** Shortest and longest wait between attempts; the drawn one lies below. */
  backoff?: { firstMs: number; mostMs: number };
  /** A way that takes longer to open is left for the next. Default: 2500. */
  openMs?: number;
  /** Silence after which the server is asked whether it is there. Default:
   *  what it says itself. */
  silenceMs?: number;
}
