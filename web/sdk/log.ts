// What is known of one conversation's log: an unbroken run of events, and
// those beyond a hole that are held back until it closes.
import { changed } from './changes';
import type { ChatEvent } from './types';

export class Log {
  /** events[i].seq === low + i; the run may be empty. */
  events: ChatEvent[] = [];
  low = 1;
  /** First seq there is for this user; 0: not known yet. */
  from = 0;
  /** False until somebody said where the run begins. */
  anchored = false;
  private held = new Map<number, ChatEvent>();

  /** Last seq before the first hole. */
  get high(): number {
    return this.low + this.events.length - 1;
  }

  get hole(): boolean {
    return this.held.size > 0;
  }

  /** The first event that is held back; 0: none. */
  get firstHeld(): number {
    return this.hole ? Math.min(...this.held.keys()) : 0;
  }

  /** Nothing older is to be had. */
  get whole(): boolean {
    return this.anchored && this.low <= Math.max(1, this.from);
  }

  /** Everything after `seq` belongs to the run from here on. */
  anchor(seq: number): ChatEvent[] {
    this.events = [];
    this.low = seq + 1;
    this.anchored = true;
    for (const held of this.held.keys()) if (held <= seq) this.held.delete(held);
    return this.close();
  }

  /** Takes one event, in any order, any number of times. Answers those that
   *  now follow without a hole, in order. */
  add(event: ChatEvent): ChatEvent[] {
    if (this.anchored && event.seq <= this.high) return [];
    if (!this.held.has(event.seq)) this.held.set(event.seq, event);
    return this.anchored ? this.close() : [];
  }

  private close(): ChatEvent[] {
    const fresh: ChatEvent[] = [];
    for (let e; (e = this.held.get(this.high + 1)); fresh.push(e)) {
      this.held.delete(e.seq);
      this.events.push(e);
      this.apply(e);
    }
    return fresh;
  }

  at(seq: number): ChatEvent | undefined {
    return this.events[seq - this.low];
  }

  /** What `e` says about an earlier message. Not about one that is not here:
   *  when it is read, it is as it is by then. */
  private apply(e: ChatEvent): void {
    const seq = /^message\./.test(e.kind) ? (e.body.seq ?? 0) : 0;
    const about = this.at(seq);
    if (about) this.events[seq - this.low] = changed(about, e);
  }

  /** The user has deleted it for himself. */
  hide(seq: number): void {
    const e = this.at(seq);
    if (e) this.events[seq - this.low] = { ...e, kind: 'gone', body: {} };
  }

  /** A page of history that ends right before the run. */
  prepend(page: ChatEvent[]): void {
    const older = page.filter((e) => e.seq < this.low);
    if (older.length === 0 || older[older.length - 1]!.seq !== this.low - 1) return;
    const run = this.events;
    this.events = older.concat(run);
    this.low = older[0]!.seq;
    // What came between the page and now.
    for (const e of run) this.apply(e);
  }

  /** The run, and after it what is held back: for the eye only. */
  shown(): ChatEvent[] {
    if (!this.hole) return this.events;
    return this.events.concat([...this.held.values()].sort((a, b) => a.seq - b.seq));
  }
}
