// What people are called on this page.
import type { Client, ChatEvent } from '../sdk/index';
import { t } from './i18n';

/** The server names those that one has to do with; a stranger in a group is
 *  known by the end of the id, which is at least always the same. */
export function nameOf(client: Client, user: string | undefined): string {
  if (!user) return '?';
  return client.people.names.get(user) ?? t('member', { id: user.slice(-4) });
}

/** A line about an event that is no message. */
export function eventLine(client: Client, e: ChatEvent): string {
  const a = nameOf(client, e.from);
  const b = nameOf(client, e.body?.user);
  switch (e.kind) {
    case 'group.created':
      return t('groupCreated', { a, title: e.body.title ?? '' });
    case 'member.added':
      return t('memberAdded', { a, b });
    case 'member.removed':
      return t('memberRemoved', { a, b });
    case 'member.left':
      return t('memberLeft', { b });
    case 'gone':
      return t('gone');
    default:
      return t('unknownEvent');
  }
}

const membersKey = (conv: string) => `moim.members.${conv}`;

/** Whom this browser put into a group when it made it: the group's log says
 *  only how many they were. */
export function keepMembers(conv: string, members: string[]): void {
  localStorage.setItem(membersKey(conv), members.join(' '));
}

/** Members of a group that its loaded log and our own doing tell of. */
export function knownMembers(client: Client, conv: string): string[] {
  const made = localStorage.getItem(membersKey(conv));
  const inside = new Set<string>([client.me, ...(made ? made.split(' ') : [])]);
  for (const e of client.events(conv)) {
    if (e.kind === 'gone') continue;
    const user = e.body?.user;
    if (e.kind === 'member.removed' || e.kind === 'member.left') inside.delete(user ?? '');
    else {
      inside.add(e.from);
      if (user) inside.add(user);
    }
  }
  return [...inside];
}
