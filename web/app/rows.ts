// What a timeline shows, as a list: days, the line above what is new, lines
// about members, and messages grouped by who wrote them.
import type { ChatEvent, Outgoing } from '../sdk/index';

const TOGETHER_MS = 5 * 60_000;

export type Row =
  | { kind: 'day'; key: string; ts: number }
  | { kind: 'new'; key: string }
  | { kind: 'line'; key: string; event: ChatEvent }
  | { kind: 'message'; key: string; event: ChatEvent; mine: boolean; first: boolean; last: boolean }
  | { kind: 'outgoing'; key: string; item: Outgoing; first: boolean; last: boolean };

/** Has a row of its own: what is done to a message shows in the message, and
 *  of what is gone there is nothing to say. */
export const shows = (e: ChatEvent) => e.kind === 'message' || !/^message\.|^gone$/.test(e.kind);

export function lastShown(events: ChatEvent[]): ChatEvent | undefined {
  for (let i = events.length - 1; i >= 0; i--) if (shows(events[i]!)) return events[i];
  return undefined;
}

/** A message of one's own keeps its key from the moment it was written. */
export const keyOf = (e: ChatEvent, me: string) =>
  e.msg && e.from === me && e.kind === 'message' ? e.msg : `${e.seq}`;

const dayOf = (ts: number) => new Date(ts).toDateString();

type Said = Extract<Row, { kind: 'message' | 'outgoing' }>;

const writer = (row: Said, me: string) => (row.kind === 'message' ? row.event.from : me);
const time = (row: Said) => (row.kind === 'message' ? row.event.ts : row.item.at);

/** `newAfter`: the line goes above the first message of another after it. */
export function rowsOf(events: ChatEvent[], items: Outgoing[], me: string, newAfter: number): Row[] {
  const rows: Row[] = [];
  let day = '';
  let marked = false;
  const put = (row: Said | Extract<Row, { kind: 'line' }>, ts: number) => {
    const today = dayOf(ts);
    if (today !== day) rows.push({ kind: 'day', key: `day ${today}`, ts });
    day = today;
    if (!marked && row.kind === 'message' && !row.mine && row.event.seq > newAfter) {
      rows.push({ kind: 'new', key: 'new' });
      marked = true;
    }
    const before = rows[rows.length - 1];
    if (row.kind !== 'line' && (before?.kind === 'message' || before?.kind === 'outgoing')) {
      if (writer(before, me) === writer(row, me) && ts - time(before) < TOGETHER_MS) {
        before.last = false;
        row.first = false;
      }
    }
    rows.push(row);
  };
  for (const event of events) {
    const key = keyOf(event, me);
    if (event.kind === 'message') {
      put({ kind: 'message', key, event, mine: event.from === me, first: true, last: true }, event.ts);
    } else {
      put({ kind: 'line', key, event }, event.ts ?? 0);
    }
  }
  for (const item of items) put({ kind: 'outgoing', key: item.msg, item, first: true, last: true }, item.at);
  return rows;
}
