// What an event says about a message, put into the message: an edit, a
// deletion, a reaction. Messages are replaced and never written to, so that
// whoever keeps one can see by `!==` that it is another now.
import type { ChatEvent, Outgoing } from './types';

/** The commands that change a message, and the events that they become. */
export const CHANGES = {
  'message.edit': 'message.edited',
  'message.delete': 'message.deleted',
  'message.react': 'message.reacted',
  'message.unreact': 'message.reacted',
} as const;

function reacted(message: ChatEvent, user: string, emoji?: string | null): ChatEvent['reactions'] {
  const all = (message.reactions ?? [])
    .map((r) => ({ emoji: r.emoji, users: r.users.filter((u) => u !== user) }))
    .filter((r) => r.users.length > 0 || r.emoji === emoji);
  const same = all.find((r) => r.emoji === emoji);
  if (same) same.users.push(user);
  else if (emoji) all.push({ emoji, users: [user] });
  return all.length > 0 ? all : undefined;
}

/** The message as it is after `e`, which is about it. */
export function changed(message: ChatEvent, e: ChatEvent): ChatEvent {
  if (message.kind !== 'message' || e.seq <= (message.changed ?? 0)) return message;
  const next = { ...message, changed: e.seq };
  if (e.kind === 'message.deleted') {
    return { ...next, body: {}, edited: undefined, reactions: undefined, deleted: { by: e.from, ts: e.ts } };
  }
  if (message.deleted) return next;
  if (e.kind === 'message.reacted') next.reactions = reacted(message, e.from, e.body.emoji);
  else if (e.kind === 'message.edited') {
    next.body = { ...message.body, text: e.body.text, mentions: e.body.mentions };
    next.edited = { seq: e.seq, ts: e.ts };
  }
  return next;
}

/** The event that `item` will be, or is at `seq`. */
export function eventOf(item: Outgoing, seq: number, ts: number): ChatEvent {
  const { change: c, conv, msg, user: from } = item;
  const body = c
    ? { seq: c.seq, text: c.text, mentions: c.mentions, emoji: c.emoji ?? null }
    : { text: item.text, reply_to: item.reply_to, mentions: item.mentions };
  return { conv, seq, ts, from, kind: c ? CHANGES[c.type] : 'message', msg, body };
}
