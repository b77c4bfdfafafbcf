// Edits, deletions, reactions, replies and receipts by the SDK on real
// gateways: everybody's copy of a conversation becomes the server's, whatever
// happens to the connections.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { cluster, control, tell } from './browser.mjs';
import { account, client, closeAll, live, memoryStore, texts, unbroken, until } from './sdk.mjs';

const [G1, G2] = cluster.gateways;
after(closeAll);

async function pair(options = {}, url1 = G1, url2 = G2) {
  const [a, b] = [await account('ann'), await account('ben')];
  const ann = await live(a, url1, options);
  const conv = await ann.openDirect(b.user);
  const ben = await live(b, url2, options);
  await until(() => ben.conversation(conv), 'listed');
  return { a, b, ann, ben, conv };
}

/** Sends and waits for the ack; answers the seq. */
async function say(c, conv, text, more) {
  const { msg } = c.send(conv, text, more);
  let e;
  await until(() => (e = c.events(conv).find((one) => one.msg === msg)), text);
  return e.seq;
}

/** What one can see of the messages that are loaded. */
const seen = (c, conv) =>
  c
    .events(conv)
    .filter((e) => e.kind === 'message')
    .map(({ seq, body, deleted, edited, reactions }) => ({
      seq,
      text: body.text,
      deleted: Boolean(deleted),
      edited: Boolean(edited),
      reactions: (reactions ?? []).map((r) => [r.emoji, [...r.users].sort()]).sort(),
    }));

/** The same, of the server's own words now. */
async function truth(account, conv) {
  const c = await live(account, G1);
  await until(() => c.conversation(conv), 'listed');
  while (await c.loadOlder(conv));
  const said = seen(c, conv);
  c.stop();
  return said;
}

async function converge(account, conv, clients) {
  const same = () => clients.every((c) => JSON.stringify(seen(c, conv)) === JSON.stringify(seen(clients[0], conv)));
  await until(() => clients.every((c) => c.outbox.items.length === 0), 'nothing waits');
  const high = Math.max(...clients.map((c) => c.conversation(conv).head));
  await until(() => clients.every((c) => c.got[conv]?.at(-1).seq >= high) && same(), 'the same everywhere');
  const want = await truth(account, conv);
  for (const c of clients) {
    const first = c.events(conv)[0].seq;
    assert.deepEqual(seen(c, conv), want.filter((e) => e.seq >= first));
  }
}

test('what is done to a message shows in the message', async () => {
  const { a, b, ann, ben, conv } = await pair();
  const seq = await say(ann, conv, 'heo');
  const reply = await say(ann, conv, 'and @ben', { reply_to: seq, mentions: [b.user] });
  ann.change(conv, { type: 'message.edit', seq, text: 'hello' });
  assert.equal(ann.at(conv, seq).body.text, 'hello'); // at once
  await until(() => ben.at(conv, seq)?.body.text === 'hello', 'edited');
  assert.ok(ben.at(conv, seq).edited);
  assert.deepEqual(ben.at(conv, reply).body, { text: 'and @ben', reply_to: seq, mentions: [b.user] });
  ben.change(conv, { type: 'message.react', seq, emoji: '👋' });
  ann.change(conv, { type: 'message.react', seq, emoji: '👋' });
  await until(() => ann.at(conv, seq).reactions?.[0].users.length === 2, 'both');
  ben.change(conv, { type: 'message.react', seq, emoji: '🎉' });
  await until(() => ann.at(conv, seq).reactions?.length === 2, 'another');
  ben.change(conv, { type: 'message.unreact', seq });
  await until(() => ann.at(conv, seq).reactions?.length === 1, 'taken back');
  ann.change(conv, { type: 'message.delete', seq: reply });
  await until(() => ben.at(conv, reply).deleted?.by === a.user, 'deleted');
  assert.deepEqual(ben.at(conv, reply).body, {});
  await converge(a, conv, [ann, ben]);
  assert.ok(ben.got[conv].some((e) => e.kind === 'message.edited' && e.body.seq === seq));
});

test('a change that is refused is told, and is as if it had never been', async () => {
  const { ann, ben, conv } = await pair();
  const seq = await say(ann, conv, 'mine');
  await until(() => ben.at(conv, seq), 'there');
  const refused = [];
  ben.on('refused', (r) => refused.push(r.code));
  ben.change(conv, { type: 'message.edit', seq, text: 'yours' });
  assert.equal(ben.at(conv, seq).body.text, 'yours');
  await until(() => refused.length === 1, 'told');
  assert.deepEqual(refused, ['forbidden']);
  assert.equal(ben.at(conv, seq).body.text, 'mine');
  assert.equal(ben.outbox.items.length, 0);
});

test('after an absence the loaded history is as it became meanwhile', async () => {
  const { a, b, ann, ben, conv } = await pair();
  const seqs = [];
  for (let i = 0; i < 6; i++) seqs.push(await say(ann, conv, `m${i}`));
  const store = memoryStore();
  const early = await live(b, G2, { store });
  await until(() => early.conversation(conv)?.head === 6, 'listed');
  while (await early.loadOlder(conv));
  await until(async () => (await store.snapshot())?.runs[0]?.events.length === 6, 'a snapshot is kept');
  early.stop();
  ben.stop();
  ann.change(conv, { type: 'message.edit', seq: seqs[0], text: 'edited' });
  ann.change(conv, { type: 'message.edit', seq: seqs[0], text: 'edited again' });
  ann.change(conv, { type: 'message.delete', seq: seqs[1] });
  ann.change(conv, { type: 'message.react', seq: seqs[2], emoji: '👍' });
  await until(() => ann.outbox.items.length === 0, 'done');
  await say(ann, conv, 'news');
  const again = await live(b, G2, { store });
  await ben.start();
  await until(() => [again, ben].every((c) => c.events(conv).at(-1)?.body.text === 'news'), 'caught up');
  assert.deepEqual(
    seen(again, conv).map((e) => e.text),
    ['edited again', undefined, 'm2', 'm3', 'm4', 'm5', 'news'],
  );
  await converge(a, conv, [ann, again]);
});

test('changes made without a connection outlive the page', async () => {
  const { a, ann, ben, conv } = await pair();
  const seq = await say(ann, conv, 'befor');
  ann.stop();
  const store = memoryStore();
  const before = client(a, 'http://127.0.0.1:9', { store }); // nobody there
  await before.start();
  before.change(conv, { type: 'message.edit', seq, text: 'before' });
  before.change(conv, { type: 'message.react', seq, emoji: '✅' });
  await until(() => store.items.size === 2, 'kept');
  before.stop();
  const after = client(a, G1, { store });
  await after.start();
  await until(() => ben.at(conv, seq)?.reactions && ben.at(conv, seq).body.text === 'before', 'done');
  await until(() => store.items.size === 0, 'forgotten');
});

test('sent, delivered, read; and one reads for all devices', async () => {
  const { a, b, ann, ben, conv } = await pair();
  ben.stop();
  ann.follow(conv);
  const seq = await say(ann, conv, 'do you hear me?');
  const state = () => ann.receipt(ann.at(conv, seq));
  assert.deepEqual(state(), { read: 0, delivered: 0, others: 1 });
  const phone = await live(b, G2);
  const desk = await live(b, G1);
  await until(() => state().delivered === 1, 'delivered');
  assert.equal(state().read, 0);
  await until(() => [phone, desk].every((c) => c.conversation(conv)?.unread === 1), 'unread');
  phone.read(conv, seq);
  await until(() => state().read === 1, 'read');
  await until(() => desk.conversation(conv).unread === 0, 'read there too');
  // Whoever comes later asks.
  const late = await live(a, G2);
  await until(() => late.conversation(conv)?.head === seq, 'listed');
  await late.loadOlder(conv);
  late.follow(conv);
  await until(() => late.receipt(late.at(conv, seq)).read === 1, 'asked');
});

test('what one hides is hidden on every device, and nowhere else', async () => {
  const { b, ann, ben, conv } = await pair();
  const seq = await say(ann, conv, 'not for my eyes');
  await say(ann, conv, 'this is');
  const phone = await live(b, G1);
  await until(() => phone.conversation(conv)?.head === 2, 'listed');
  await phone.loadOlder(conv);
  await until(() => ben.at(conv, seq), 'there');
  await ben.hide(conv, seq);
  assert.equal(ben.at(conv, seq).kind, 'gone');
  await until(() => phone.at(conv, seq).kind === 'gone', 'there too');
  assert.equal(ann.at(conv, seq).body.text, 'not for my eyes');
});

/** Both write, edit, react and delete, at random, while `during` happens.
 *  Answers the names of the messages. */
async function busy({ ann, ben, conv }, rounds, during) {
  const sent = [];
  for (let i = 0; i < rounds; i++) {
    for (const [c, name] of [[ann, 'a'], [ben, 'b']]) {
      const own = c.events(conv).filter((e) => e.kind === 'message' && e.from === c.me && !e.deleted);
      const any = c.events(conv).filter((e) => e.kind === 'message' && !e.deleted);
      const pick = (list) => list[(i * 7) % list.length].seq;
      if (i % 4 === 1 && own.length) c.change(conv, { type: 'message.edit', seq: pick(own), text: `${name}${i}!` });
      else if (i % 4 === 2 && any.length) c.change(conv, { type: 'message.react', seq: pick(any), emoji: i % 8 < 4 ? '👍' : '❤️' });
      else if (i % 12 === 11 && own.length > 3) c.change(conv, { type: 'message.delete', seq: pick(own) });
      else sent.push(c.send(conv, `${name}${i}`).msg);
    }
    await during(i);
    await new Promise((r) => setTimeout(r, 25));
  }
  return sent;
}

/** Each event once, in order and the same for all; what was sent is there. */
function invariants(clients, conv, sent) {
  for (const c of clients) {
    assert.ok(unbroken(c, conv));
    assert.deepEqual(c.resets, []);
    const names = c.got[conv].map((e) => e.msg).filter(Boolean);
    assert.equal(new Set(names).size, names.length);
  }
  const kinds = (c) => c.got[conv].filter((e) => e.kind === 'message').map((e) => e.msg);
  assert.deepEqual(kinds(clients[0]), kinds(clients[1]));
  const there = new Set(kinds(clients[0]));
  assert.deepEqual(sent.filter((msg) => !there.has(msg)), []);
}

test('a gateway dies while both change things', async () => {
  const people = await pair({}, cluster.balancer, cluster.balancer);
  let killed;
  const sent = await busy(people, 48, async (i) => {
    if (i === 12) killed = control('kill', 'gateway1');
    if (i === 30) {
      await killed;
      await control('start', 'gateway1');
      await control('kill', 'gateway2');
    }
  });
  await control('start', 'gateway2');
  await converge(people.a, people.conv, [people.ann, people.ben]);
  invariants([people.ann, people.ben], people.conv, sent);
});

test('a bad network, and gateways that die behind it', async () => {
  // The one way: a stream that is reset is not down, and below we wait for that.
  const people = await pair({ silenceMs: 1_000, ways: ['websocket'] }, cluster.proxied, cluster.proxied);
  const faults = [
    'people up latency 30 30',
    'people down slice 7',
    'people reset',
    'people down hold',
    'people clear',
    'people reset',
    'people refuse',
    'people allow',
    'kill gateway1',
    'people up latency 30 30',
    'start gateway1',
    'kill gateway2',
    'people up blackhole',
    'people clear',
    'start gateway2',
  ];
  const deed = (fault) => (/^people/.test(fault) ? tell(fault) : control(...fault.split(' ')));
  const both = [people.ann, people.ben];
  const downs = [0, 0];
  both.forEach((c, i) => c.on('status', (s) => (downs[i] += s.state === 'waiting')));
  const reset = async () => {
    await until(() => both.every((c) => c.status.state === 'live'), 'live'); // or there is nothing to break
    const had = [...downs];
    await tell('people reset');
    await until(() => downs.every((n, i) => n > had[i]), 'broken');
  };
  const sent = await busy(people, 6 * faults.length, async (i) => {
    if (i % 6 !== 5) return;
    const fault = faults[(i - 5) / 6];
    await (fault === 'people reset' ? reset() : deed(fault));
  });
  await tell('people clear');
  await reset();
  await converge(people.a, people.conv, both);
  invariants(both, people.conv, sent);
  assert.ok(sent.length > 60, `${sent.length} messages`);
});
