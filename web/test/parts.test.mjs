// Parts of the SDK and the page that need neither network nor browser.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { source } from './source.mjs';

const { Log } = await source('sdk/log.ts');
const { changed } = await source('sdk/changes.ts');
const { EnterToSend } = await source('app/ime.ts');
const { mentionAt, mentioned, cutMentions } = await source('app/mentions.ts');
const spans = await source('app/span.ts');
const { linked } = await source('app/links.tsx');
const { rowsOf } = await source('app/rows.ts');
const { isDue } = await source('app/renewal.ts');

const event = (seq, more = {}) => ({ conv: 'c', seq, ts: seq * 1000, from: 'a', kind: 'message', body: { text: `${seq}` }, ...more });

test('a log: any order, any number of times, out in order once', () => {
  const orders = [
    [1, 2, 3, 4, 5],
    [5, 4, 3, 2, 1],
    [2, 2, 4, 1, 1, 3, 5, 5],
    [3, 1, 5, 2, 4, 3],
  ];
  for (const order of orders) {
    const log = new Log();
    log.anchor(0);
    const out = order.flatMap((seq) => log.add(event(seq)));
    assert.deepEqual(out.map((e) => e.seq), [1, 2, 3, 4, 5], `${order}`);
    assert.equal(log.high, 5);
    assert.equal(log.hole, false);
  }
});

test('a token is renewed after a quarter of its time, or a day', () => {
  const day = 86_400_000;
  const rows = [
    [{ since: 1000, expires: 601_000 }, 150_999, false],
    [{ since: 1000, expires: 601_000 }, 151_000, true],
    [{ since: 1000, expires: 601_000 }, 700_000, true],
    [{ since: 1000, expires: 1000 + 30 * day }, day, false],
    [{ since: 1000, expires: 1000 + 30 * day }, 1000 + day, true],
    [{}, 0, true], // kept by an older page
  ];
  for (const [session, now, want] of rows) assert.equal(isDue(session, now), want, `${JSON.stringify(session)} ${now}`);
});

test('a log: before it is anchored, everything is held', () => {
  const log = new Log();
  for (const seq of [7, 8, 4]) assert.deepEqual(log.add(event(seq)), []);
  assert.deepEqual(log.anchor(6).map((e) => e.seq), [7, 8]);
  assert.equal(log.low, 7);
  assert.deepEqual(log.add(event(4)), []); // before our time
  assert.equal(log.hole, false);
});

test('a log: a hole is shown around, not through', () => {
  const log = new Log();
  log.anchor(10);
  log.add(event(11));
  log.add(event(14));
  log.add(event(13));
  assert.equal(log.high, 11);
  assert.equal(log.firstHeld, 13);
  assert.deepEqual(log.shown().map((e) => e.seq), [11, 13, 14]);
});

test('a log: pages go before it only where they fit', () => {
  const log = new Log();
  log.anchor(10);
  log.prepend([event(5), event(6)]);
  assert.equal(log.low, 11);
  log.prepend([8, 9, 10, 11].map((seq) => event(seq)));
  assert.deepEqual(log.shown().map((e) => e.seq), [8, 9, 10]);
  assert.equal(log.whole, false);
  log.from = 8;
  assert.equal(log.whole, true);
});

const about = (seq, kind, body, from = 'a') => event(seq, { kind: `message.${kind}`, from, body: { seq: 1, ...body } });

test('a message and what becomes of it', () => {
  const reactions = (...rows) => rows.map(([emoji, ...users]) => ({ emoji, users }));
  const rows = [
    ['edited', [about(2, 'edited', { text: 'x' })], { text: 'x' }],
    ['an answer stays one', [about(2, 'edited', { text: 'x', mentions: ['b'] })], { text: 'x', mentions: ['b'] }],
    ['the later one counts', [about(3, 'edited', { text: 'y' }), about(2, 'edited', { text: 'x' })], { text: 'y' }],
    ['one reaction each', [about(2, 'reacted', { emoji: '1' }), about(3, 'reacted', { emoji: '2' })], { reactions: reactions(['2', 'a']) }],
    ['two people', [about(2, 'reacted', { emoji: '1' }), about(3, 'reacted', { emoji: '1' }, 'b')], { reactions: reactions(['1', 'a', 'b']) }],
    ['taken back', [about(2, 'reacted', { emoji: '1' }), about(3, 'reacted', { emoji: null })], {}],
    ['deleted', [about(2, 'reacted', { emoji: '1' }), about(3, 'deleted', {}), about(4, 'edited', { text: 'x' })], { text: undefined, by: 'a' }],
    ['unknown', [about(2, 'painted', {})], {}],
  ];
  for (const [name, events, want] of rows) {
    const first = event(1);
    const { body, reactions: got, deleted } = events.reduce(changed, first);
    assert.deepEqual(
      { text: body.text, mentions: body.mentions, reactions: got, by: deleted?.by },
      { text: '1', mentions: undefined, reactions: undefined, by: undefined, ...want },
      name,
    );
    assert.deepEqual(first, event(1), `${name}: the message itself is not written to`);
  }
});

test('a log: an event changes an earlier message, loaded before or after it', () => {
  const early = new Log();
  const late = new Log();
  early.anchor(0);
  late.anchor(2);
  for (const e of [event(1), event(2), about(3, 'edited', { text: 'x' })]) {
    early.add(e);
    late.add(e);
  }
  assert.equal(late.at(1), undefined);
  late.prepend([event(1), event(2)]); // read before the edit
  for (const log of [early, late]) assert.equal(log.at(1).body.text, 'x');
  early.hide(1);
  assert.equal(early.at(1).kind, 'gone');
});

/** Plays keys and compositions; answers how often it was sent. */
async function played(steps) {
  let sent = 0;
  let now = 0;
  const prevented = [];
  const enter = new EnterToSend(() => sent++, () => now);
  for (const [what, value] of steps) {
    if (what === 'start') enter.compositionStart();
    else if (what === 'update') enter.compositionUpdate(value);
    else if (what === 'end') enter.compositionEnd(value);
    else if (what === 'wait') now += value;
    else {
      enter.keyDown({
        key: 'Enter',
        code: 'Enter',
        shiftKey: false,
        isComposing: false,
        keyCode: 13,
        ...value,
        preventDefault: () => prevented.push(what),
      });
    }
    await new Promise((r) => setTimeout(r));
  }
  return { sent, prevented: prevented.length };
}

test('Enter, with and without an input method', async () => {
  const composing = { isComposing: true, keyCode: 229 };
  const rows = [
    ['plain', [['key', {}]], 1, 1],
    ['with shift', [['key', { shiftKey: true }]], 0, 0],
    ['another key', [['key', { key: 'a' }]], 0, 0],
    ['Korean ends and sends', [['start'], ['update', '안녕'], ['key', composing], ['end', '안녕']], 1, 1],
    ['Korean, hidden key', [['start'], ['update', '가'], ['key', { ...composing, key: 'Process' }], ['end', '가']], 1, 1],
    ['Korean in WebKit', [['start'], ['update', '가'], ['end', '가'], ['key', { keyCode: 229 }]], 1, 1],
    ['WebKit, much later', [['start'], ['update', '가'], ['end', '가'], ['wait', 500], ['key', { keyCode: 229 }]], 0, 0],
    ['Japanese picks', [['start'], ['update', 'にほん'], ['key', composing], ['end', '日本']], 0, 0],
    ['Japanese picks, then sends', [['start'], ['update', 'にほん'], ['key', composing], ['end', '日本'], ['key', {}]], 1, 1],
    ['Japanese in WebKit', [['start'], ['update', 'にほん'], ['end', '日本'], ['key', { keyCode: 229 }]], 0, 0],
    ['Korean without Enter', [['start'], ['update', '가'], ['end', '가']], 0, 0],
  ];
  for (const [name, steps, sent, prevented] of rows) assert.deepEqual(await played(steps), { sent, prevented }, name);
});

test('links: addresses and nothing else', () => {
  const rows = [
    ['no link at all', []],
    ['see https://a.example.', ['https://a.example']],
    ['(https://a.example/x)', ['https://a.example/x']],
    ['https://a.example/x_(y)', ['https://a.example/x_(y)']],
    ['https://a.example/x_(y).', ['https://a.example/x_(y)']],
    ['http://a.example and https://b.example', ['http://a.example', 'https://b.example']],
    ['javascript:alert(1) data:text/html,x ftp://x', []],
    ['https://', []],
    ['<https://a.example/"x>', ['https://a.example/']],
    ['주소는 https://a.example/길 이야', ['https://a.example/길']],
  ];
  for (const [text, want] of rows) {
    const parts = linked(text);
    const shown = parts.map((p) => (typeof p === 'string' ? p : p.props.children)).join('');
    assert.equal(shown, text);
    assert.deepEqual(parts.filter((p) => typeof p === 'object').map((p) => p.props.children), want, text);
    for (const p of parts) if (typeof p === 'object') assert.match(p.props.href, /^https?:/);
  }
});

test('rows: days, groups, the line above what is new', () => {
  const day = 86_400_000;
  const noon = new Date(2026, 10, 20, 12).getTime();
  const events = [
    event(1, { ts: noon, from: 'me', msg: 'mine' }),
    event(2, { ts: noon + 1000, from: 'a' }),
    event(3, { ts: noon + 2000, from: 'a' }),
    event(4, { ts: noon + 3000, from: 'a', kind: 'member.left' }),
    event(5, { ts: noon + day, from: 'a' }),
  ];
  const items = [{ msg: 'out', conv: 'c', text: 'x', at: noon + day + 1, state: 'pending' }];
  const rows = rowsOf(events, items, 'me', 2);
  assert.deepEqual(
    rows.map((r) => r.kind),
    ['day', 'message', 'message', 'new', 'message', 'line', 'day', 'message', 'outgoing'],
  );
  assert.equal(rows[1].key, 'mine');
  assert.deepEqual([rows[2].first, rows[2].last], [true, true]); // the line stands between
  assert.equal(new Set(rows.map((r) => r.key)).size, rows.length);
});

test('names: what is being written, whom a text names, where', () => {
  const people = [
    { user: 'a', name: 'ann' },
    { user: 'b', name: 'anna' },
    { user: 'c', name: '지은' },
    { user: 'd', name: 'a.b' },
  ];
  const writing = [
    ['@', { from: 1, prefix: '' }],
    ['hey @an', { from: 5, prefix: 'an' }],
    ['(@지', { from: 2, prefix: '지' }],
    ['a@b', undefined],
    ['@an ', undefined],
  ];
  for (const [text, want] of writing) assert.deepEqual(mentionAt(text, text.length), want, text);
  const texts = [
    ['hello', []],
    ['@ann @anna @ann', ['a', 'b']],
    ['@지은은 온대', ['c']],
    ['@axb @a.b', ['d']],
  ];
  for (const [text, want] of texts) assert.deepEqual(mentioned(text, people).sort(), want, text);
  assert.deepEqual(cutMentions('x @anna!', people), [['x '], ['@anna', 'b'], ['!']]);
  assert.deepEqual(cutMentions('plain', []), [['plain']]);
});

test('what is drawn of a long conversation', () => {
  const { MOST, SIZE, around, down, fixed, place, up } = spans;
  const events = Array.from({ length: 1000 }, (_, i) => event(2 * i + 1)); // every second seq
  const count = (span) => place(events, span)[1] - place(events, span)[0];
  assert.deepEqual(place(events, {}), [1000 - SIZE, 1000]);
  let span = {};
  for (let i = 0; i < 40; i++) {
    span = up(events, span);
    assert.ok(count(span) <= MOST);
  }
  assert.deepEqual(place(events, span), [0, MOST]);
  for (let i = 0; i < 40; i++) {
    span = down(events, span);
    assert.ok(count(span) <= MOST);
  }
  assert.deepEqual(place(events, span), [1000 - MOST, 1000]);
  assert.equal(span.to, undefined); // what comes is drawn
  const seq = events[500].seq;
  const [start, end] = place(events, around(events, seq));
  assert.ok(start < 500 && end > 500 && end - start <= SIZE);
  const more = events.concat(Array.from({ length: 300 }, (_, i) => event(3000 + i)));
  assert.deepEqual(place(more, fixed(more, span)), [1000 - MOST, 1000]);
  assert.deepEqual(place([], {}), [0, 0]);
  assert.deepEqual(up([], {}), { from: undefined, to: undefined });
});
