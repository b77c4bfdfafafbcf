// What becomes of a push: the words of it, and the service worker with a world
// of its own around it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { source } from './source.mjs';

const CONV = '06y00pb0c2hzm';
const { noticeOf, readPush } = await source('app/pushed.ts');

/** Who was told what before a worker came. */
function world() {
  const w = { shown: [], pages: [], opened: [], on: {} };
  const self = {
    location: { href: 'https://chat.example/push.js?lang=ko' },
    addEventListener: (type, fn) => (w.on[type] = fn),
    skipWaiting: async () => {},
    registration: { showNotification: async (title, options) => void w.shown.push({ title, ...options }) },
    clients: {
      claim: async () => {},
      matchAll: async () => w.pages,
      openWindow: async (url) => void w.opened.push(url),
    },
  };
  Object.defineProperty(globalThis, 'self', { value: self, configurable: true });
  /** Says it to the worker, and waits for what it does. */
  w.say = async (type, event = {}) => {
    const work = [];
    w.on[type]({ waitUntil: (p) => work.push(p), ...event });
    assert.equal(work.length, 1, `${type} is waited for`);
    await work[0];
  };
  w.push = (text) => w.say('push', { data: { text: () => text } });
  return w;
}

const page = (focused) => ({
  focused,
  told: [],
  async focus() {
    this.focused = true;
  },
  postMessage(message) {
    this.told.push(message);
  },
});

test('the words, in both languages', () => {
  const rows = [
    [{ name: 'Alice', count: 1, text: 'hi' }, 'Alice', 'hi', 'hi'],
    [{ name: 'Alice', count: 1 }, 'Alice', 'New message', '새 메시지'],
    [{ name: 'Alice', count: 6, text: 'hi' }, 'Alice', 'hi\n6 new messages', 'hi\n새 메시지 6개'],
    [{ name: 'Alice', count: 6 }, 'Alice', '6 new messages', '새 메시지 6개'],
    [{ name: '지수', title: '주말 모임', count: 1, text: '내일?' }, '지수 · 주말 모임', '내일?', '내일?'],
  ];
  for (const [push, title, en, ko] of rows) {
    for (const [lang, body] of [['en', en], ['ko', ko], ['fr', en]]) {
      const notice = noticeOf({ conv: CONV, seq: 7, ...push }, lang);
      assert.equal(notice.title, title);
      assert.equal(notice.options.body, body);
      assert.equal(notice.options.tag, CONV);
    }
  }
});

test('what is no push of ours is none', () => {
  const good = { conv: CONV, seq: 7, count: 1, name: 'Alice' };
  assert.deepEqual(readPush(JSON.stringify(good)), good);
  const bad = ['', '{', 'null', '[]', '7', ...[{ conv: '#x' }, { conv: 7 }, { name: null }, { count: 0 }, { count: 'x' }].map((x) => JSON.stringify({ ...good, ...x }))];
  for (const text of bad) assert.equal(readPush(text), undefined, text);
});

test('the worker shows a push unless somebody looks, and a click leads there', async () => {
  const w = world();
  await source('app/push-worker.ts');
  await w.say('install');
  await w.say('activate');
  const text = JSON.stringify({ conv: CONV, seq: 7, count: 2, name: 'Alice', text: 'hi' });
  await w.push(text);
  assert.equal(w.shown.length, 1);
  assert.equal(w.shown[0].body, 'hi\n새 메시지 2개'); // as the page was, when it registered
  w.pages = [page(false), page(true)];
  await w.push(text);
  await w.push('nonsense');
  assert.equal(w.shown.length, 1);

  const closed = [];
  const click = () => w.say('notificationclick', { notification: { data: CONV, close: () => closed.push(CONV) } });
  w.pages = [];
  await click();
  assert.deepEqual(w.opened, [`./#c/${CONV}`]);
  w.pages = [page(false)];
  await click();
  assert.equal(w.opened.length, 1);
  assert.ok(w.pages[0].focused);
  assert.deepEqual(w.pages[0].told, [{ open: `#c/${CONV}` }]);
  assert.equal(closed.length, 2);
});
