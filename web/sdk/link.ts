// One connection that is always there or on its way: opens a WebSocket,
// authenticates, notices silence, and comes back gently.
//
//   idle -> connecting -> live -> waiting -> connecting ...      any -> ended
import type { Socket, SocketClass, Status, Token } from './types';

const OPEN_MS = 10_000; // from the first packet to `ready`
const ANSWER_MS = 8_000; // at most, to our question whether anybody is there
const STEADY_MS = 10_000; // live for so long: the next wait is short again
const UNAUTHORIZED = [4002, 4501, 4503];

export interface LinkOptions {
  url: string;
  token: Token;
  WebSocket: SocketClass;
  backoff: { firstMs: number; mostMs: number };
  silenceMs?: number;
  onStatus: (status: Status) => void;
  /** `ready` came; `live` is true from here on. */
  onReady: (frame: any) => void;
  onFrame: (frame: any) => void;
  /** A live connection has gone. */
  onDown: () => void;
}

export class Link {
  status: Status = { state: 'idle' };
  /** Server's clock less ours, in milliseconds. */
  clockOffset = 0;
  private socket?: Socket;
  private timer?: ReturnType<typeof setTimeout>;
  private watchdog?: ReturnType<typeof setTimeout>;
  private silenceMs = 25_000;
  private heard = 0;
  private asked = 0;
  private attempts = 0;
  private liveSince = 0;
  private downSince = 0;
  private told?: number; // by `bye`: when to come back
  private refused = false; // the last token

  constructor(private o: LinkOptions) {}

  get live(): boolean {
    return this.status.state === 'live';
  }

  start(): void {
    if (this.status.state === 'idle' || this.status.state === 'ended') {
      this.downSince = Date.now();
      this.refused = false;
      void this.connect();
    }
  }

  stop(code?: string): void {
    this.drop();
    this.move({ state: code ? 'ended' : 'idle', code });
  }

  /** The user asks, or the network is back: not later but now. */
  retryNow(): void {
    if (this.status.state === 'waiting') void this.connect();
    else if (this.live) this.ask();
  }

  /** False: not live; nothing was sent. */
  send(frame: object): boolean {
    if (!this.live || !this.socket) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  private move(status: Status): void {
    if (status.state !== 'live' && status.state !== 'idle') status.downSince = this.downSince;
    this.status = status;
    this.o.onStatus(status);
  }

  private async connect(): Promise<void> {
    this.drop();
    this.move({ state: 'connecting' });
    const moved = this.status;
    let token: string;
    try {
      token =
        typeof this.o.token === 'string' ? this.o.token : await this.o.token(this.refused ? 'again' : 'first');
    } catch {
      if (this.status === moved) this.wait();
      return;
    }
    if (this.status !== moved) return; // stopped meanwhile
    const socket = new this.o.WebSocket(this.o.url.replace(/^http/, 'ws') + '/v1/ws', ['moim.v1']);
    this.socket = socket;
    this.timer = setTimeout(() => this.down(0), OPEN_MS);
    socket.onopen = () => socket.send(JSON.stringify({ type: 'auth', id: 'auth', token }));
    socket.onmessage = (e: { data: unknown }) => this.take(String(e.data));
    socket.onclose = (e: { code: number }) => this.down(e.code);
    socket.onerror = () => {}; // onclose follows
  }

  private take(text: string): void {
    this.heard = Date.now();
    if (this.asked) {
      this.asked = 0;
      this.watch(this.silenceMs);
    }
    const frame = JSON.parse(text);
    if (frame.type === 'ready') {
      clearTimeout(this.timer);
      this.refused = false;
      this.liveSince = this.heard;
      this.clockOffset = frame.now - this.heard;
      this.silenceMs = this.o.silenceMs ?? frame.ping_ms;
      this.watch(this.silenceMs);
      this.move({ state: 'live', gateway: frame.gateway });
      this.o.onReady(frame);
    } else if (frame.type === 'bye') {
      this.told = frame.retry_after_ms;
    } else {
      this.o.onFrame(frame);
    }
  }

  /** Hidden tabs run timers late: so the clock decides, not the timer. */
  private watch(ms: number): void {
    clearTimeout(this.watchdog);
    this.watchdog = setTimeout(() => {
      const quiet = Date.now() - this.heard;
      if (this.asked) this.down(0);
      else if (quiet >= this.silenceMs) this.ask();
      else this.watch(this.silenceMs - quiet);
    }, ms);
  }

  private ask(): void {
    if (this.asked) return;
    this.asked = Date.now();
    this.send({ type: 'ping', id: 'ping' });
    this.watch(Math.min(ANSWER_MS, this.silenceMs));
  }

  /** The socket closed with `code`, or we gave it up (0). */
  private down(code: number): void {
    const wasLive = this.live;
    const now = Date.now();
    this.drop();
    if (wasLive) {
      this.downSince = now;
      if (now - this.liveSince > STEADY_MS) this.attempts = 0;
    }
    if (UNAUTHORIZED.includes(code)) {
      if (this.refused || typeof this.o.token === 'string') this.move({ state: 'ended', code: 'unauthorized' });
      else {
        this.refused = true;
        void this.connect();
      }
    } else if (code >= 4500) {
      this.move({ state: 'ended', code: code === 4505 ? 'too_many' : `close_${code}` });
    } else {
      this.wait();
    }
    if (wasLive) this.o.onDown();
  }

  /** Full jitter: a random moment below a limit that doubles. */
  private wait(): void {
    const { firstMs, mostMs } = this.o.backoff;
    const limit = Math.min(mostMs, firstMs * 2 ** this.attempts++);
    const ms = this.told ?? Math.random() * limit;
    this.told = undefined;
    this.timer = setTimeout(() => void this.connect(), ms);
    this.move({ state: 'waiting', retryAt: Date.now() + ms });
  }

  private drop(): void {
    clearTimeout(this.timer);
    clearTimeout(this.watchdog);
    this.asked = 0;
    const socket = this.socket;
    this.socket = undefined;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.onerror = () => {};
    socket.close();
  }
}
