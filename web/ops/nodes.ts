// The processes: asked every two seconds, remembered for five minutes.
import { type Buckets, type Scrape, parse, quantile, since, sum } from './prom';

const EVERY_MS = 2000;
const KEPT = 150; // ticks: five minutes
const WINDOW = 5; // ticks that rates and percentiles look back
const PATIENCE_MS = 4000;

export type State = 'ready' | 'draining' | 'unready' | 'away' | 'unknown';
export type Kind = 'gateway' | 'presence';

export interface Check {
  name: string;
  ok: boolean;
  detail: string;
}

export interface LogLine {
  ts: string;
  level: string;
  times: number; // in a row
  module: string;
  event: string;
  pairs: string;
}

interface Sample extends Scrape {
  at: number;
}

export class Node {
  kind: Kind | undefined;
  state: State = 'unknown';
  checks: Check[] = [];
  errors: LogLine[] = [];
  private samples: Sample[] = []; // of this life of the process, oldest first

  constructor(
    readonly name: string,
    private readonly self: boolean,
  ) {}

  private path(what: string): string {
    if (!this.self) return `./ops/peers/${encodeURIComponent(this.name)}/${what}`;
    return what === 'metrics' || what === 'readyz' ? `./${what}` : `./ops/${what}`;
  }

  async ask(): Promise<void> {
    try {
      const [metrics, ready, errors] = await Promise.all(['metrics', 'readyz', 'errors'].map((w) => get(this.path(w))));
      if (!metrics!.ok) throw new Error(String(metrics!.status));
      this.take(await metrics!.text());
      this.judge((await ready!.json()) as { status: string; checks: Check[] });
      if (errors!.ok) this.errors = ((await errors!.json()) as { errors: LogLine[] }).errors;
    } catch {
      this.forget('away');
    }
  }

  /** Nothing is known of it now; what it said last stays. */
  forget(state: State): void {
    this.state = state;
    this.checks = [];
    this.samples = [];
  }

  private take(text: string): void {
    const now = { at: Date.now(), ...parse(text) };
    const last = this.samples[this.samples.length - 1];
    this.kind = text.includes('moim_presence_') ? 'presence' : 'gateway';
    // What counts down was started anew.
    if (last && [...now.values].some(([name, n]) => name.endsWith('_total') && n < (last.values.get(name) ?? 0))) {
      this.samples = [];
    }
    this.samples.push(now);
    if (this.samples.length > WINDOW + 1) this.samples.shift();
  }

  private judge(ready: { status: string; checks: Check[] }): void {
    this.checks = ready.checks;
    const draining = ready.checks.some((c) => c.name === 'drain' && !c.ok);
    this.state = ready.status === 'ready' ? 'ready' : draining ? 'draining' : 'unready';
  }

  value(name: string): number | undefined {
    return this.samples[this.samples.length - 1]?.values.get(name);
  }

  /** A second, over the window. */
  rate(name: string): number | undefined {
    const [first, last] = [this.samples[0], this.samples[this.samples.length - 1]];
    if (!first || !last || first === last) return undefined;
    return ((last.values.get(name) ?? 0) - (first.values.get(name) ?? 0)) / ((last.at - first.at) / 1000);
  }

  /** What a histogram has counted in the window. */
  recent(name: string): Buckets | undefined {
    const [first, last] = [this.samples[0], this.samples[this.samples.length - 1]];
    const now = last?.histograms.get(name);
    return now && first !== last ? since(first?.histograms.get(name), now) : undefined;
  }

  quantile(name: string, q: number): number | undefined {
    return quantile(this.recent(name), q);
  }

  /** Asks it to, and what it then says of itself: soon it may be gone. Answers
   *  why it did not, in one word. */
  async control(verb: 'drain' | 'kill'): Promise<string | undefined> {
    try {
      const reply = await fetch(this.path(verb), { method: 'POST', headers: { 'X-Moim-Ops': '1' } });
      if (!reply.ok) return ((await reply.json()) as { error: string }).error;
      await this.ask();
      return undefined;
    } catch {
      return 'unreachable';
    }
  }
}

function get(path: string): Promise<Response> {
  return fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS) });
}

export type Point = number | undefined;

/** Everything there is, and how it was. */
export class Cluster {
  nodes: Node[] = [];
  control = false;
  lost = false; // the gateway that serves this page does not answer
  times: number[] = [];
  readonly series = new Map<string, Point[]>();

  constructor(private readonly changed: () => void) {}

  of(kind: Kind): Node[] {
    return this.nodes.filter((n) => (n.kind ?? 'gateway') === kind);
  }

  total(name: string, kind: Kind = 'gateway'): number {
    return this.of(kind).reduce((n, node) => n + (node.value(name) ?? 0), 0);
  }

  rate(name: string): Point {
    const rates = this.of('gateway').flatMap((n) => n.rate(name) ?? []);
    return rates.length ? rates.reduce((a, b) => a + b) : undefined;
  }

  quantile(name: string, q: number): Point {
    return quantile(sum(this.of('gateway').flatMap((n) => n.recent(name) ?? [])), q);
  }

  /** Each presence service knows of everybody. */
  online(): number {
    return Math.max(0, ...this.of('presence').map((n) => n.value('online_users') ?? 0));
  }

  async run(): Promise<never> {
    for (;;) {
      if (!document.hidden) await this.tick();
      await new Promise((done) => setTimeout(done, EVERY_MS));
    }
  }

  private async tick(): Promise<void> {
    await this.meet();
    // All are asked through the one that serves this page.
    if (this.lost) for (const n of this.nodes) n.forget('unknown');
    else await Promise.all(this.nodes.map((n) => n.ask()));
    this.remember();
    this.changed();
  }

  /** Who is there; it may be another list after a restart. */
  private async meet(): Promise<void> {
    try {
      const state = (await (await get('./ops/state')).json()) as { name: string; control: boolean; peers: string[] };
      const known = new Map(this.nodes.map((n) => [n.name, n]));
      this.nodes = [state.name, ...state.peers].map((name, i) => known.get(name) ?? new Node(name, i === 0));
      this.nodes.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
      this.control = state.control;
      this.lost = false;
    } catch {
      this.lost = true;
    }
  }

  private remember(): void {
    const now: [string, Point][] = [
      ['in', this.rate('messages_in_total')],
      ['out', this.rate('messages_out_total')],
      ['ack50', this.quantile('ack_seconds', 0.5)],
      ['ack95', this.quantile('ack_seconds', 0.95)],
      ['ack99', this.quantile('ack_seconds', 0.99)],
      ['history', this.quantile('history_write_seconds', 0.95)],
      ['pg', this.quantile('pg_query_seconds', 0.95)],
      ...this.of('gateway').map((n): [string, Point] => [`sessions ${n.name}`, n.value('connections')]),
    ];
    this.times = [...this.times, Date.now()].slice(-KEPT);
    for (const name of new Set([...this.series.keys(), ...now.map(([n]) => n)])) {
      const old = this.series.get(name) ?? new Array<Point>(this.times.length - 1).fill(undefined);
      this.series.set(name, [...old, now.find(([n]) => n === name)?.[1]].slice(-this.times.length));
    }
  }
}
