// The SDK against real gateways: what docs/client-behaviour.md promises, seen
// from the application's side.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { login, signup } from '../dist/moim.js';
import { PASSWORD, becomes, cluster, control, during } from './browser.mjs';
import { account, bent, client, closeAll, live, memoryStore, texts, unbroken, until } from './sdk.mjs';

const [G1, G2] = cluster.gateways;
after(closeAll);

/** Two users on two gateways and their conversation. */
async function pair(options = {}, url1 = G1, url2 = G2) {
  const [a, b] = [await account('ann'), await account('ben')];
  const ann = await live(a, url1, options);
  const conv = await ann.openDirect(b.user);
  const ben = await live(b, url2, options);
  await until(() => ben.conversation(conv), 'listed');
  return { a, b, ann, ben, conv };
}

test('two people on two gateways: both ways, in order, once', async () => {
  const { ann, ben, conv } = await pair();
  const want = [];
  for (let i = 0; i < 20; i++) {
    (i % 2 ? ann : ben).send(conv, `안녕 ${i}`);
    want.push(`안녕 ${i}`);
    await until(() => texts(ann, conv).length > i && texts(ben, conv).length > i, `message ${i}`);
  }
  for (const c of [ann, ben]) {
    assert.deepEqual(texts(c, conv), want);
    assert.ok(unbroken(c, conv));
    assert.equal(c.outbox.items.length, 0);
  }
});

test('a hundred at once keep their order', async () => {
  const { ann, ben, conv } = await pair();
  const want = Array.from({ length: 100 }, (_, i) => `m${i}`);
  for (const text of want) ann.send(conv, text);
  await until(() => texts(ben, conv).length === 100, 'all there');
  assert.deepEqual(texts(ben, conv), want);
  assert.ok(unbroken(ben, conv));
});

test('unread counts what others wrote, until it is read', async () => {
  const { ann, ben, b, conv } = await pair();
  for (const text of ['one', 'two', 'three']) ann.send(conv, text);
  await until(() => ben.conversation(conv).unread === 3, 'three unread');
  assert.equal(ann.conversation(conv).unread, 0);
  ben.read(conv, 2);
  assert.equal(ben.conversation(conv).unread, 1);
  const again = await live(b, G1);
  await until(() => again.conversation(conv)?.unread === 1, 'told to the server, and by it');
});

test('history is read backwards to its beginning', async () => {
  const { ann, b, conv } = await pair();
  for (let i = 1; i <= 120; i++) ann.send(conv, `m${i}`);
  await until(() => texts(ann, conv).length === 120, 'written');
  const late = await live(b, G1);
  await until(() => late.conversation(conv)?.head === 120, 'listed');
  while (await late.loadOlder(conv));
  assert.deepEqual(
    late.events(conv).map((e) => e.seq),
    Array.from({ length: 120 }, (_, i) => i + 1),
  );
  assert.ok(late.whole(conv));
});

test('a gateway dies while both write: nothing lost, nothing twice', async () => {
  const { ann, ben, conv } = await pair({}, cluster.balancer, cluster.balancer);
  const count = 60;
  let killed;
  for (let i = 0; i < count; i++) {
    ann.send(conv, `a${i}`);
    ben.send(conv, `b${i}`);
    if (i === 20) killed = control('kill', 'gateway1');
    if (i === 40) {
      await killed;
      await control('start', 'gateway1');
      await control('kill', 'gateway2');
    }
    await new Promise((r) => setTimeout(r, 15));
  }
  await control('start', 'gateway2');
  await until(() => [ann, ben].every((c) => texts(c, conv).length >= 2 * count), 'all there');
  for (const c of [ann, ben]) {
    const got = texts(c, conv);
    assert.equal(got.length, 2 * count);
    assert.ok(unbroken(c, conv));
    for (const who of ['a', 'b']) {
      assert.deepEqual(
        got.filter((text) => text[0] === who),
        Array.from({ length: count }, (_, i) => `${who}${i}`),
      );
    }
    assert.deepEqual(c.resets, []);
  }
  assert.deepEqual(texts(ann, conv), texts(ben, conv));
});

test('a socket that loses, doubles and reorders events', async () => {
  const { ann, b, conv } = await pair();
  let n = 0;
  let kept;
  const bend = (frame) => {
    n++;
    if (n % 5 === 0) return []; // lost
    if (n % 5 === 1) return [frame, frame]; // twice
    if (n % 5 === 2) return ((kept = frame), []); // late
    return kept ? [frame, kept] : [frame];
  };
  const ben = await live(b, G2, { WebSocket: bent(bend) });
  await until(() => ben.conversation(conv), 'listed');
  const want = Array.from({ length: 40 }, (_, i) => `m${i}`);
  for (const text of want) ann.send(conv, text);
  ann.send(conv, 'end');
  ann.send(conv, 'really');
  await until(() => texts(ben, conv).length >= 40, 'holes filled');
  assert.deepEqual(texts(ben, conv).slice(0, 40), want);
  assert.ok(unbroken(ben, conv));
});

test('what was written without a connection outlives the page', async () => {
  const { a, b, ann, ben, conv } = await pair();
  ann.stop();
  const store = memoryStore();
  const before = client(a, 'http://127.0.0.1:9', { store }); // nobody there
  await before.start();
  const want = ['하나', '둘', '셋'];
  for (const text of want) before.send(conv, text);
  await until(() => store.items.size === 3, 'kept');
  before.stop();
  const after = client(a, G1, { store });
  await after.start();
  await until(() => texts(ben, conv).length === 3, 'sent');
  assert.deepEqual(texts(ben, conv), want);
  await until(() => store.items.size === 0, 'forgotten');
  assert.equal(after.outbox.items.length, 0);
  void b;
});

test('a message whose answer was lost is sent again and is there once', async () => {
  const { ann, ben, conv } = await pair();
  await during('pause', ['redis'], () => {
    ann.send(conv, 'once');
    return until(() => ann.outbox.of(conv)[0]?.state === 'unconfirmed', 'unconfirmed');
  });
  await until(() => texts(ben, conv).length === 1, 'there');
  ben.send(conv, 'end');
  await until(() => texts(ann, conv).at(-1) === 'end', 'end');
  assert.deepEqual(texts(ann, conv), ['once', 'end']);
  assert.ok(unbroken(ben, conv));
});

test('a silent gateway is noticed, and left', async () => {
  const { ann, ben, conv } = await pair({ silenceMs: 300 });
  await during('pause', ['gateway1'], async () => {
    await until(() => ann.status.state !== 'live', 'noticed', 20_000); // by default after 25 s
    ann.send(conv, 'into the silence');
  });
  await until(() => texts(ben, conv).length === 1, 'there');
  assert.deepEqual(texts(ben, conv), ['into the silence']);
});

test('a planned restart: bye, and nothing is missed', async () => {
  const { ann, ben, conv } = await pair({}, cluster.balancer);
  const states = [];
  ann.on('status', (s) => states.push(s.state));
  await Promise.all([control('restart', 'gateway1'), control('restart', 'gateway2')]);
  await until(() => states.includes('waiting') && [ann, ben].every((c) => c.status.state === 'live'), 'back');
  ben.send(conv, 'still here');
  await until(() => texts(ann, conv).length === 1, 'there');
  assert.ok(unbroken(ann, conv));
});

test('groups: made, joined, left; the removed can write no more', async () => {
  const { ann, ben, a, b } = await pair();
  const cat = await account('cat');
  const group = await ann.createGroup('모임', [b.user]);
  await until(() => ben.conversation(group)?.title === '모임', 'listed');
  await ann.addMember(group, cat.user);
  await until(() => ben.conversation(group).members === 3, 'three');
  await ann.removeMember(group, b.user);
  await until(() => ben.conversation(group).role === 'none', 'told');
  const item = ben.send(group, 'wait');
  await until(() => ben.outbox.of(group)[0]?.state === 'failed', 'refused');
  assert.equal(ben.outbox.of(group)[0].code, 'not_found');
  ben.outbox.discard(item.msg);
  assert.equal(ben.outbox.of(group).length, 0);
  await ann.leave(group);
  await until(() => ann.conversation(group).role === 'none', 'left');
  void a;
});

test('friends, presence and typing', async () => {
  const { ann, ben, a, b, conv } = await pair();
  await ann.people.ask(b.user);
  assert.deepEqual(ann.people.friends.map((f) => f.state), ['asked']);
  await becomes(() => ben.people.friends.map((f) => f.state), ['asks_me']);
  await ben.people.ask(a.user);
  await becomes(() => ann.people.friends.map((f) => [f.user, f.name, f.state]), [[b.user, b.name, 'friend']]);
  ann.people.watch([b.user]);
  await until(() => ann.people.presence(b.user).state === 'online', 'online');
  await until(() => {
    ben.people.type(conv); // it is told now and then, and a hint only
    return ann.people.typing(conv)[0] === b.user;
  }, 'typing');
  ben.send(conv, 'there');
  await until(() => ann.people.typing(conv).length === 0, 'not typing');
  const left = ann.now();
  ben.stop();
  await until(() => ann.people.presence(b.user).state === 'offline', 'offline', 90_000);
  assert.ok(Math.abs(ann.people.presence(b.user).since - left) < 60_000);
});

test('errors have words', async () => {
  const { ann } = await pair();
  await assert.rejects(ann.people.find('nobody-of-this-name'), { code: 'not_found' });
  await assert.rejects(ann.call('history', { conv: 'x' }), { code: 'bad_value', field: 'conv' });
  await assert.rejects(login(G1, 'nobody-at-all', PASSWORD), { code: 'wrong_login' });
  await assert.rejects(login('http://127.0.0.1:9', 'x', PASSWORD), { code: 'offline' });
});

test('what is not wanted any more ends at once', async () => {
  const { a, ann, conv } = await pair();
  ann.send(conv, 'older');
  await until(() => texts(ann, conv).length === 1, 'written');
  const late = await live(a, G2);
  await until(() => late.conversation(conv)?.head === 1, 'listed');
  const [ended, abort] = [AbortSignal.abort(), new AbortController()];
  await during('pause', ['gateway2'], async () => {
    const asked = [ // and nothing is answered
      late.call('me', {}, { signal: abort.signal }),
      late.loadOlder(conv, abort.signal),
      late.people.search('nobody', abort.signal),
      signup(G2, 'nobody-at-all', PASSWORD, undefined, abort.signal),
      late.call('me', {}, { signal: ended }),
    ];
    abort.abort();
    await Promise.all(asked.map((one) => assert.rejects(one, { code: 'aborted' })));
  });
  await until(() => late.status.state === 'live', 'live');
  while (await late.loadOlder(conv));
  assert.equal(late.events(conv).length, 1);
});

test('a bad token ends; a fresh one is asked for', async () => {
  const a = await account('tok');
  const ended = client({ ...a, token: 'v1.k1.abc.def' }, G1);
  await ended.start();
  await until(() => ended.status.state === 'ended', 'ended');
  assert.equal(ended.status.code, 'unauthorized');
  const asked = [];
  const fresh = client(a, G1, { token: (why) => (asked.push(why), why === 'again' ? a.token : 'v1.k1.abc.def') });
  await fresh.start();
  await until(() => fresh.status.state === 'live', 'live');
  assert.deepEqual(asked, ['first', 'again']);
});
