// The SDK where a WebSocket is blocked: the ways below it, how it gets there
// and back, and that nothing is lost on the way.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import WebSocket from 'ws';
import { cluster, control } from './browser.mjs';
import { account, closeAll, live, texts, unbroken, until } from './sdk.mjs';

const [G1, G2] = cluster.gateways;
after(closeAll);
// On a loaded machine an open way may take long; it is no other for that.
const OPEN_MS = 8_000;

/** A WebSocket that a proxy refuses while `blocked()`. */
const refusedWhile = (blocked) =>
  class extends WebSocket {
    constructor(url, protocols) {
      super(blocked() ? url.replace('/v1/ws', '/v1/blocked') : url, protocols);
    }
  };
const Refused = refusedWhile(() => true);

/** One that never opens and never fails, as behind a proxy that waits. */
class Silent {
  send() {}
  close() {}
}

/** fetch, but what `bend` answers for a path comes instead. */
const bent = (bend) => async (url, init) => (await bend(new URL(url).pathname)) || fetch(url, init);
const html = () => new Response('<h1>502</h1>', { status: 502, headers: { 'Content-Type': 'text/html' } });

async function pair(options, url = G1, other = G2) {
  const [a, b] = [await account('ann'), await account('ben')];
  const ann = await live(a, url, { openMs: OPEN_MS, ...options });
  const conv = await ann.openDirect(b.user);
  const ben = await live(b, other);
  await until(() => ben.conversation(conv), 'listed');
  return { a, b, ann, ben, conv };
}

/** Both write; both have all of it, in order, once. */
async function talk({ ann, ben, conv }, count, during = () => {}) {
  const had = texts(ben, conv).length;
  for (let i = 0; i < count; i++) {
    (i % 2 ? ann : ben).send(conv, `안녕 ${had + i}`);
    await during(i);
  }
  await until(() => texts(ann, conv).length === had + count && texts(ben, conv).length === had + count, 'all there');
  for (const c of [ann, ben]) {
    assert.ok(unbroken(c, conv));
    assert.equal(new Set(texts(c, conv)).size, had + count);
  }
}

/** Tests that mostly wait: all at once. */
const together = (name, rows, row) =>
  test(name, { concurrency: true }, (t) => Promise.all(rows.map((one) => t.test(String(one[0]), () => row(...one)))));

together('chat over', [['sse'], ['longpoll'], ['poll']], async (way) => {
  const people = await pair({ ways: [way] });
  assert.equal(people.ann.status.way, way);
  await talk(people, 10);
  await people.ann.people.find(`nobody-${way}`).then(
    () => assert.fail('found'),
    (error) => assert.equal(error.code, 'not_found'),
  );
});

const sse = (path) => path === '/v1/events';
const blocks = [
  ['a WebSocket that is refused', { WebSocket: Refused }, 'sse'],
  ['a WebSocket that never opens', { WebSocket: Silent }, 'sse'],
  ['streams that are refused', { WebSocket: Refused, fetch: bent((path) => sse(path) && html()) }, 'longpoll'],
  [
    'streams that are kept back',
    { WebSocket: Refused, fetch: bent((path) => sse(path) && new Response(new ReadableStream({}), { headers: { 'Content-Type': 'text/event-stream' } })) },
    'longpoll',
  ],
  [
    'everything that is held',
    {
      WebSocket: Refused,
      fetch: async (url, init) => (/\/events|timeout=20/.test(url) ? html() : fetch(url, init)),
    },
    'poll',
  ],
];
together('around', blocks, async (_, options, way) => {
  const people = await pair(options);
  assert.equal(people.ann.status.way, way);
  await talk(people, 4);
});

test('a stream that is cut again and again goes on where it was', async () => {
  let cut;
  const people = await pair({
    ways: ['sse'],
    fetch: async (url, init) => {
      const answer = await fetch(url, init);
      if (!/\/events/.test(url)) return answer;
      const stop = new TransformStream();
      const piped = answer.body.pipeTo(stop.writable, { preventClose: true }).catch(() => {});
      const reader = stop.readable.getReader();
      let end;
      const ended = new Promise((go) => (end = () => go({ done: true })));
      cut = end;
      const body = new ReadableStream({
        async pull(controller) {
          const { done, value } = await Promise.race([reader.read(), ended]);
          if (done) controller.close();
          else controller.enqueue(value);
        },
      });
      void piped;
      return new Response(body, { headers: answer.headers });
    },
  });
  let downs = 0;
  people.ann.on('status', (s) => (downs += s.state !== 'live'));
  await talk(people, 12, (i) => i % 3 === 2 && cut());
  assert.equal(downs, 0);
});

test('it climbs back to the WebSocket, and nothing is lost', async () => {
  let blocked = true;
  const people = await pair({ WebSocket: refusedWhile(() => blocked) });
  assert.equal(people.ann.status.way, 'sse');
  await talk(people, 6);
  blocked = false;
  people.ann.retryNow(); // the network is back: look at once
  await talk(people, 20);
  await until(() => people.ann.status.way === 'websocket', 'climbed', 90_000); // the second look is late
  await talk(people, 6);
});

test('a better way that is still closed disturbs nothing', async () => {
  const people = await pair({ WebSocket: Silent });
  let moves = 0;
  people.ann.on('status', () => moves++);
  people.ann.retryNow();
  await talk(people, 6);
  assert.equal(people.ann.status.way, 'sse');
  assert.equal(moves, 0);
});

test('a gateway dies under a stream: nothing lost, nothing twice', async () => {
  const people = await pair({ ways: ['sse'] }, cluster.balancer, cluster.balancer);
  let killed;
  await talk(people, 40, async (i) => {
    if (i === 15) killed = control('kill', 'gateway1');
    await new Promise((r) => setTimeout(r, 20));
  });
  await killed;
  await control('start', 'gateway1');
});

test('polls over gateways in turn, without a cookie', async () => {
  let n = 0;
  const people = await pair({
    ways: ['longpoll'],
    fetch: (url, init) => fetch(url.replace(G1, n++ % 2 ? G2 : G1), init),
  });
  await talk(people, 8);
});
