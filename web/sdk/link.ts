// One connection that is always there or on its way: opens a session by the
// best way that is not blocked, authenticates, notices silence, comes back
// gently, and climbs back to a better way when it can.
//
//   idle -> connecting -> live -> waiting -> connecting ...      any -> ended
import type { SocketClass, Status, Token, Way } from './types';
import { AWAY, BLOCKED, type Carrier, carry } from './ways';

const LAST_MS = 10_000; // the last way has more time
const ANSWER_MS = 8_000; // at most, to our question whether anybody is there
const STEADY_MS = 10_000; // live for so long: the next wait is short again
const CLIMB_MS = 15_000; // to the first look whether a better way is open
const CLIMB_MOST_MS = 300_000;
const MISSES = 2; // of a way that has worked, before another is tried
const UNAUTHORIZED = [4002, 4501, 4503];

export interface LinkOptions {
  url: string;
  token: Token;
  WebSocket: SocketClass;
  fetch: typeof fetch;
  ways: readonly Way[];
  backoff: { firstMs: number; mostMs: number };
  openMs: number; // to `ready`; a way that takes longer is not open
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
  private carrier?: Carrier;
  private timer?: ReturnType<typeof setTimeout>;
  private watchdog?: ReturnType<typeof setTimeout>;
  private climber?: ReturnType<typeof setTimeout>;
  private better?: Carrier; // being tried while another is live
  private silenceMs = 25_000;
  private heard = 0;
  private asked = 0;
  private attempts = 0;
  private liveSince = 0;
  private downSince = 0;
  private told?: number; // by the server: when to come back
  private refused = false; // the last token
  private way = 0; // of o.ways
  private worked = -1; // the last way that was live
  private misses = 0; // of it, in a row
  private climbMs = CLIMB_MS;

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
    else if (this.live) {
      this.ask();
      this.climb(0);
    }
  }

  /** False: not live; nothing was sent. */
  send(frame: object): boolean {
    if (!this.live || !this.carrier) return false;
    this.carrier.send(JSON.stringify(frame));
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
      token = await this.token();
    } catch {
      if (this.status === moved) this.wait();
      return;
    }
    if (this.status !== moved) return; // stopped meanwhile
    const last = this.way === this.o.ways.length - 1;
    this.timer = setTimeout(() => this.down(BLOCKED), last ? LAST_MS : this.o.openMs);
    this.carrier = this.open(this.way, token);
  }

  private async token(): Promise<string> {
    return typeof this.o.token === 'string' ? this.o.token : this.o.token(this.refused ? 'again' : 'first');
  }

  private open(way: number, token: string): Carrier {
    const carrier: Carrier = carry(this.o.ways[way]!, {
      ...this.o,
      token,
      onText: (text) => {
        if (carrier === this.carrier) this.take(text);
        else if (carrier === this.better && /^{"type":"ready"/.test(text)) this.change(way, carrier, text);
      },
      onClose: (code, retryAfterMs) => {
        if (carrier === this.better) this.climb(this.climbMs);
        if (carrier !== this.carrier) return;
        this.told ??= retryAfterMs;
        this.down(code);
      },
    });
    return carrier;
  }

  /** `text` is empty for a mere sign of life. */
  private take(text: string): void {
    this.heard = Date.now();
    if (this.asked) {
      this.asked = 0;
      this.watch(this.silenceMs);
    }
    if (!text) return;
    const frame = JSON.parse(text);
    if (frame.type === 'ready') this.ready(frame);
    else if (frame.type === 'bye') this.told = frame.retry_after_ms;
    else this.o.onFrame(frame);
  }

  private ready(frame: any): void {
    clearTimeout(this.timer);
    this.refused = false;
    this.liveSince = this.heard;
    this.clockOffset = frame.now - this.heard;
    this.silenceMs = this.o.silenceMs ?? frame.ping_ms;
    this.worked = this.way;
    this.misses = 0;
    this.watch(this.silenceMs);
    this.move({ state: 'live', gateway: frame.gateway, way: this.o.ways[this.way] });
    if (this.way > 0) this.climb(this.climbMs);
    this.o.onReady(frame);
  }

  // ---- a better way ----

  /** Looks once, after `ms`, whether the first way is open by now. */
  private climb(ms: number): void {
    clearTimeout(this.climber);
    this.better?.close();
    this.better = undefined;
    if (this.way === 0 || !this.live) return;
    this.climber = setTimeout(async () => {
      this.climbMs = Math.min(CLIMB_MOST_MS, this.climbMs * 2);
      const token = await this.token().catch(() => undefined);
      if (!token || this.way === 0 || !this.live) return;
      this.climber = setTimeout(() => this.climb(this.climbMs), this.o.openMs);
      this.better = this.open(0, token);
    }, ms);
  }

  /** It is open: it carries from here on. What was asked on the old one is
   *  answered by nobody; the sync after `ready` closes the gap. */
  private change(way: number, carrier: Carrier, text: string): void {
    this.better = undefined; // or drop() would close it
    this.drop();
    this.o.onDown();
    this.way = way;
    this.climbMs = CLIMB_MS;
    this.carrier = carrier;
    this.take(text);
  }

  // ---- silence ----

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

  // ---- the end of a connection ----

  /** It closed with `code`, or we gave it up. */
  private down(code: number): void {
    const wasLive = this.live;
    const now = Date.now();
    this.drop();
    if (wasLive) {
      this.downSince = now;
      if (now - this.liveSince > STEADY_MS) this.attempts = 0;
    }
    if (UNAUTHORIZED.includes(code)) this.unauthorized();
    else if (code >= 4500) this.move({ state: 'ended', code: code === 4505 ? 'too_many' : `close_${code}` });
    else if (code === BLOCKED || !wasLive) this.fall(code);
    else this.wait();
    if (wasLive) this.o.onDown();
  }

  private unauthorized(): void {
    if (this.refused || typeof this.o.token === 'string') this.move({ state: 'ended', code: 'unauthorized' });
    else {
      this.refused = true;
      void this.connect();
    }
  }

  /** This way did not open. Another is tried at once, unless this one worked
   *  before: then the server is away more likely than the way is blocked. */
  private fall(code: number): void {
    const patient = this.way === this.worked && ++this.misses < MISSES;

    if (code !== AWAY && this.told === undefined && !patient && this.way < this.o.ways.length - 1) {
      this.way++;
      void this.connect();
      return;
    }
    if (!patient) this.way = Math.max(this.worked, 0);
    this.wait();
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
    clearTimeout(this.climber);
    this.asked = 0;
    this.better?.close();
    this.carrier?.close();
    this.better = this.carrier = undefined;
  }
}
