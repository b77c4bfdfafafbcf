// The page's words in both languages: times, plurals, and that none lacks a
// place for what it is told.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { source } from './source.mjs';

/** The words and times of a page in `lang`. */
async function page(lang) {
  const globals = {
    localStorage: { getItem: () => lang, setItem() {} },
    navigator: { languages: ['en-GB', 'ko-KR'] },
    document: { documentElement: {} },
  };
  for (const [name, value] of Object.entries(globals)) Object.defineProperty(globalThis, name, { value, configurable: true });
  return { ...(await source('app/i18n/index.ts')), ...(await source('app/time.ts')) };
}

const pages = { en: await page('en'), ko: await page('ko') };
const { en } = await source('app/i18n/en.ts');
const { ko } = await source('app/i18n/ko.ts');
const MINUTE = 60_000;
const noon = new Date(2026, 10, 20, 12, 5).getTime();

/** What Intl makes of it, in both: how, differs between one Node and another. */
const dated = (ts, options) => ['en-GB', 'ko-KR'].map((l) => new Intl.DateTimeFormat(l, options).format(ts));
const relative = (n, unit) => ['en-GB', 'ko-KR'].map((l) => new Intl.RelativeTimeFormat(l, { numeric: 'auto' }).format(n, unit));

test('times as people say them', () => {
  const before = (minutes) => noon - minutes * MINUTE;
  const lastYear = new Date(2025, 11, 31).getTime();
  const time = { hour: 'numeric', minute: '2-digit' };
  const day = { weekday: 'long', month: 'long', day: 'numeric' };
  const rows = [
    ['ago', 0, ['just now', '방금']],
    ['ago', 1, relative(-1, 'minute')],
    ['ago', 59, relative(-59, 'minute')],
    ['ago', 60, relative(-1, 'hour')],
    ['ago', 1439, relative(-24, 'hour')],
    ['ago', 1440, relative(-1, 'day')],
    ['dayName', 5, ['Today', '오늘']],
    ['dayName', 725, ['Today', '오늘']], // midnight
    ['dayName', 726, ['Yesterday', '어제']],
    ['dayName', 5 * 1440, dated(before(5 * 1440), day)],
    ['dayName', (noon - lastYear) / MINUTE, dated(lastYear, { ...day, year: 'numeric' })],
    ['brief', 180, dated(before(180), time)],
    ['brief', 726, ['Yesterday', '어제']],
    ['brief', 6 * 1440, dated(before(6 * 1440), { weekday: 'short' })],
    ['brief', 7 * 1440, dated(before(7 * 1440), { dateStyle: 'short' })],
  ];
  for (const [fn, minutes, want] of rows) {
    assert.deepEqual(['en', 'ko'].map((l) => pages[l][fn](before(minutes), noon)), want, `${fn} ${minutes}`);
  }
});

test('numbers and plurals', () => {
  const rows = [
    ['members', 1, '1 member', '멤버 1명'],
    ['members', 1234, '1,234 members', '멤버 1,234명'],
    ['unread', 1, '1 unread message', '읽지 않은 메시지 1개'],
    ['queued', 0, '0 messages are waiting', '메시지 0개가 기다리고 있어요'],
  ];
  for (const [word, n, ...want] of rows) assert.deepEqual([pages.en.t(word, { n }), pages.ko.t(word, { n })], want);
});

test('both languages have the same words, with the same places', () => {
  const places = (entry) =>
    [...new Set((typeof entry === 'string' ? [entry] : Object.values(entry)).flatMap((text) => text.match(/\{\w+\}/g) ?? []))].sort();
  assert.deepEqual(Object.keys(ko).sort(), Object.keys(en).sort());
  for (const word of Object.keys(en)) assert.deepEqual(places(ko[word]), places(en[word]), word);
});
