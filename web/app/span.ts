// Which part of a long conversation is drawn: a span of what is loaded, that
// moves with the reader and never has more than MOST events.
import type { ChatEvent } from '../sdk/index';

export const SIZE = 100;
const STEP = 50;
export const MOST = 200;

/** Seqs of the first and the last one drawn. Without `from`: the last SIZE;
 *  without `to`: up to the end, and what comes. */
export interface Span {
  from?: number;
  to?: number;
}

/** How many of `events` have a seq below `seq`. */
export function below(events: ChatEvent[], seq: number): number {
  let low = 0;
  for (let high = events.length; low < high; ) {
    const middle = (low + high) >> 1;
    if (events[middle]!.seq < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function place(events: ChatEvent[], { from, to }: Span): [start: number, end: number] {
  const end = to === undefined ? events.length : below(events, to + 1);
  return [from === undefined ? Math.max(0, end - SIZE) : below(events, from), end];
}

function span(events: ChatEvent[], start: number, end: number): Span {
  return { from: events[start]?.seq, to: end < events.length ? events[end - 1]?.seq : undefined };
}

/** Further up; what lies too far below is not drawn any more. */
export function up(events: ChatEvent[], now: Span): Span {
  const [start, end] = place(events, now);
  const first = Math.max(0, start - STEP);
  return span(events, first, Math.min(end, first + MOST));
}

export function down(events: ChatEvent[], now: Span): Span {
  const [start, end] = place(events, now);
  const last = Math.min(events.length, end + STEP);
  return span(events, Math.max(start, last - MOST), last);
}

/** As now, but what comes may not push out what is drawn, nor add to it
 *  without end. */
export function fixed(events: ChatEvent[], now: Span): Span {
  const [start, end] = place(events, now);
  return span(events, start, Math.min(end, start + MOST));
}

export function around(events: ChatEvent[], seq: number): Span {
  const start = Math.max(0, below(events, seq) - SIZE / 2);
  return span(events, start, Math.min(events.length, start + SIZE));
}
