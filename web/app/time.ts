// Times as people say them, in the language of the page.
import { locale, t } from './i18n';

const DAY = 86_400_000;

function format(ts: number, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(locale(), options).format(ts);
}

/** Midnights between then and now, in the user's zone. */
function daysAgo(ts: number, now: number): number {
  const midnight = (at: number) => new Date(at).setHours(0, 0, 0, 0);
  return Math.round((midnight(now) - midnight(ts)) / DAY);
}

export function clock(ts: number): string {
  return format(ts, { hour: 'numeric', minute: '2-digit' });
}

export function full(ts: number): string {
  return format(ts, { dateStyle: 'full', timeStyle: 'short' });
}

export function dayName(ts: number, now: number): string {
  const days = daysAgo(ts, now);
  if (days === 0) return t('today');
  if (days === 1) return t('yesterday');
  const year = new Date(ts).getFullYear() === new Date(now).getFullYear() ? undefined : 'numeric';
  return format(ts, { weekday: 'long', month: 'long', day: 'numeric', year });
}

/** Short, for the list: a time, a weekday or a date. */
export function brief(ts: number, now: number): string {
  const days = daysAgo(ts, now);
  if (days <= 0) return clock(ts);
  if (days === 1) return t('yesterday');
  if (days < 7) return format(ts, { weekday: 'short' });
  return format(ts, { dateStyle: 'short' });
}

export function ago(ts: number, now: number): string {
  const minutes = Math.round((now - ts) / 60_000);
  const relative = new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' });
  if (minutes < 1) return t('now');
  if (minutes < 60) return relative.format(-minutes, 'minute');
  if (minutes < 24 * 60) return relative.format(-Math.round(minutes / 60), 'hour');
  return relative.format(-Math.round(minutes / (24 * 60)), 'day');
}
