// What people are called on this page.
import type { Client, ChatEvent } from '../sdk/index';
import { t } from './i18n';

/** Until the server has said who that is, the end of the id, which is at
 *  least always the same. */
export function nameOf(client: Client, user: string | undefined): string {
  if (!user) return '?';
  return client.people.name(user) ?? t('member', { id: user.slice(-4) });
}

/** A line about an event that is no message. */
export function eventLine(client: Client, e: ChatEvent): string {
  const a = nameOf(client, e.from);
  const b = nameOf(client, e.body?.user);
  switch (e.kind) {
    case 'group.created':
      return t('groupCreated', { a, title: e.body.title ?? '' });
    case 'member.added':
      return e.from === e.body.user ? t('memberJoined', { b }) : t('memberAdded', { a, b });
    case 'member.removed':
      return t('memberRemoved', { a, b });
    case 'member.left':
      return t('memberLeft', { b });
    case 'member.role':
      if (e.body.role === 'owner') return t('nowOwner', { a, b });
      return t(e.body.role === 'admin' ? 'nowAdmin' : 'nowMember', { a, b });
    case 'member.muted':
      return t(e.body.until ? 'memberMuted' : 'memberUnmuted', { a, b });
    case 'group.title':
      return t('titleChanged', { a, title: e.body.title ?? '' });
    case 'group.retention':
      return t('retentionChanged', { a });
    case 'direct.closed':
      return t('directClosed', { a });
    default:
      return t('unknownEvent');
  }
}
