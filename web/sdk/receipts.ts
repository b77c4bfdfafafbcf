// Who has got and read what: our own cursors, told now and then, and the
// others', heard and asked for.
import type { Calls } from './calls';
import type { ChatEvent, Conversation, Marks } from './types';

const TELL_MS = 1_000; // a conversation is told of at most once in that time
const MEMBERS_MOST = 1000; // of larger groups the server keeps none

export interface ReceiptsOptions {
  me: string;
  calls: Calls;
  conversation: (conv: string) => Conversation | undefined;
  /** Last seq that we have without a hole. */
  high: (conv: string) => number;
  onReceipts: (conv: string) => void;
}

export class Receipts {
  private marks = new Map<string, Map<string, Marks>>();
  /** Of wide groups: how many, of the event at `seq`. */
  private counts = new Map<string, Marks & { seq: number }>();
  private followed?: string;
  private telling = new Set<string>();
  private told = new Map<string, number>();

  constructor(private o: ReceiptsOptions) {}

  /** We have got something of `conv`. */
  got(conv: string): void {
    if (this.telling.has(conv)) return;
    this.telling.add(conv);
    setTimeout(() => {
      this.telling.delete(conv);
      const c = this.o.conversation(conv);
      const seq = this.o.high(conv);
      if (!c || c.role === 'none' || c.members > MEMBERS_MOST || seq <= Math.max(c.read, this.told.get(conv) ?? 0)) return;
      this.o.calls.call('delivered', { conv, seq }).then(
        () => this.told.set(conv, seq),
        () => {}, // what is got next, or read, says it too
      );
    }, TELL_MS);
  }

  /** The conversation that is looked at: its receipts are asked for, now and
   *  after every `ready`. */
  follow(conv: string): void {
    this.followed = conv;
    this.ready();
  }

  ready(): void {
    const conv = this.followed;
    const seq = conv && this.o.conversation(conv)?.head;
    if (seq) this.o.calls.patient('receipts', { conv, seq }).then((a) => this.heard({ ...a, seq }), () => {});
  }

  heard(frame: { conv: string; seq: number; users?: ({ user: string } & Marks)[]; read: number; delivered: number }): void {
    const { conv, users, seq, read, delivered } = frame;
    if (!users) this.counts.set(conv, { seq, read, delivered });
    else {
      let all = this.marks.get(conv);
      if (!all) this.marks.set(conv, (all = new Map()));
      for (const u of users) {
        const had = all.get(u.user);
        all.set(u.user, { read: Math.max(u.read, had?.read ?? 0), delivered: Math.max(u.delivered, had?.delivered ?? 0) });
      }
    }
    this.o.onReceipts(conv);
  }

  /** Of one of our own messages: how many others have got and read it, as far
   *  as is known, and how many there are. */
  of({ conv, seq }: ChatEvent): Marks & { others: number } {
    const others = Math.max(0, (this.o.conversation(conv)?.members ?? 1) - 1);
    const wide = this.counts.get(conv);
    const sum = { read: 0, delivered: 0, others };
    // The numbers count us too: we have read what we wrote.
    if (wide && seq <= wide.seq) return { ...sum, read: Math.max(0, wide.read - 1), delivered: Math.max(0, wide.delivered - 1) };
    for (const [user, m] of this.marks.get(conv) ?? []) {
      if (user === this.o.me) continue;
      if (m.read >= seq) sum.read++;
      if (Math.max(m.delivered, m.read) >= seq) sum.delivered++;
    }
    return sum;
  }
}
