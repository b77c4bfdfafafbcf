// The SDK's link by itself: when it waits, asks, gives up and comes back, on a
// clock of the test's own.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { source } from './source.mjs';

const { Link } = await source('sdk/link.ts');
const real = { setTimeout, clearTimeout, now: Date.now, random: Math.random };
let clock;
let sockets;

/** Time that goes on when the test says so, and timers that follow it. */
class Clock {
  now = 1e12;
  timers = [];
  set = (fn, ms = 0) => {
    const timer = { fn, at: this.now + ms };
    this.timers.push(timer);
    return timer;
  };
  clear = (timer) => void (this.timers = this.timers.filter((t) => t !== timer));

  async go(ms) {
    const end = this.now + ms;
    for (let next; (next = this.timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at)[0]); ) {
      this.clear(next);
      this.now = Math.max(this.now, next.at);
      next.fn();
      await settled();
    }
    this.now = end;
    await settled();
  }
}

const settled = () => new Promise(setImmediate);

class Socket {
  sent = [];
  constructor() {
    sockets.push(this);
  }
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.closed = true;
  }
  say(frame) {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
  end(code) {
    this.onclose?.({ code });
  }
  open() {
    this.onopen();
    this.say({ type: 'ready', gateway: 'g1', now: clock.now, ping_ms: 25_000 });
  }
}

beforeEach(() => {
  clock = new Clock();
  sockets = [];
  Object.assign(globalThis, { setTimeout: clock.set, clearTimeout: clock.clear });
  Date.now = () => clock.now;
  Math.random = () => 0.5;
});
afterEach(() => {
  Object.assign(globalThis, { setTimeout: real.setTimeout, clearTimeout: real.clearTimeout });
  Object.assign(Date, { now: real.now });
  Math.random = real.random;
});

async function started(options = {}) {
  const link = new Link({
    url: 'http://here',
    token: 'one',
    WebSocket: Socket,
    fetch: () => new Promise(() => {}),
    ways: ['websocket'],
    backoff: { firstMs: 1_000, mostMs: 60_000 },
    openMs: 2_500,
    onStatus: () => {},
    onReady: () => {},
    onFrame: () => {},
    onDown: () => {},
    ...options,
  });
  link.start();
  await settled();
  return link;
}

const last = () => sockets.at(-1);
const pings = () => last().sent.filter((f) => f.type === 'ping').length;

test('a hidden page: the clock decides, and whatever comes is a sign of life', async () => {
  const link = await started();
  last().open();
  for (const pause of [20_000, 26_000, 300_000]) {
    clock.now += pause; // longer than the silence we bear, but …
    last().say({ type: 'typing' });
    clock.now += 1_000; // … when the timer runs at last, something was heard
    await clock.go(0);
    assert.equal(pings(), 0);
  }
  await clock.go(23_999);
  assert.equal(pings(), 0);
  await clock.go(1); // nothing for 25 s: asked
  assert.equal(pings(), 1);
  await clock.go(7_000);
  last().say({ type: 'pong' });
  await clock.go(24_999);
  assert.equal(pings(), 1);
  await clock.go(1 + 7_999);
  assert.equal(pings(), 2);
  assert.equal(link.status.state, 'live');
  await clock.go(1);
  assert.notEqual(link.status.state, 'live'); // asked, and no answer in 8 s
});

test('waits: random, below a limit that doubles up to the most', async () => {
  const link = await started();
  for (const limit of [1, 2, 4, 8, 16, 32, 60, 60]) {
    last().end(1006);
    assert.equal(link.status.state, 'waiting');
    assert.equal(link.status.retryAt - clock.now, limit * 500);
    await clock.go(limit * 500);
  }
  Math.random = () => 0.1;
  last().end(1006);
  assert.equal(link.status.retryAt - clock.now, 6_000);
});

test('the limit is small again after ten seconds of being live, not before', async () => {
  const link = await started();
  for (const [liveMs, limit] of [[9_000, 1], [9_000, 2], [11_000, 1], [9_000, 2]]) {
    last().open();
    await clock.go(liveMs);
    last().end(1006);
    assert.equal(link.status.retryAt - clock.now, limit * 500);
    await clock.go(limit * 500);
  }
});

test('what the server says of coming back goes before', async () => {
  const link = await started();
  last().open();
  last().say({ type: 'bye', retry_after_ms: 12_345 });
  last().end(1012);
  assert.equal(link.status.retryAt - clock.now, 12_345);
  await clock.go(12_345);
  assert.equal(sockets.length, 2);
  last().end(1006);
  assert.equal(link.status.retryAt - clock.now, 1_000); // it was said once
});

test('a way that is not open in time is left for the next', async () => {
  const asked = [];
  const fetch = (url) => (asked.push(new URL(url).pathname), new Promise(() => {}));
  await started({ fetch, ways: ['websocket', 'sse', 'longpoll', 'poll'] });
  await clock.go(2_499);
  assert.deepEqual(asked, []);
  await clock.go(1);
  assert.deepEqual(asked, ['/v1/events']);
  await clock.go(2_500);
  assert.deepEqual(asked, ['/v1/events', '/v1/poll']);
  assert.ok(sockets[0].closed);
});

test('a refused token is asked for once more; what is final ends', async () => {
  const asked = [];
  const link = await started({ token: (why) => (asked.push(why), 'some') });
  last().end(4501);
  await settled();
  last().end(4501);
  assert.deepEqual(asked, ['first', 'again']);
  assert.deepEqual([link.status.state, link.status.code], ['ended', 'unauthorized']);
  const many = await started();
  last().end(4505);
  assert.deepEqual([many.status.state, many.status.code], ['ended', 'too_many']);
});

test('the network is back: now, and whether the way still carries', async () => {
  const link = await started();
  last().end(1006);
  link.retryNow();
  await settled();
  assert.equal(sockets.length, 2);
  last().open();
  link.retryNow();
  assert.equal(pings(), 1); // at once, not after the silence
  await clock.go(8_000);
  assert.notEqual(link.status.state, 'live');
});
