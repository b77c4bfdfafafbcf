// What one can do with messages, in real browsers: answering, editing,
// deleting, reacting, naming, searching; and very many of them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, cluster, counts, during, fits, gone, online, sent, shot, shows, until, write } from './browser.mjs';
import { PHONE, begin, couple, done, open, person, start, stop } from './people.mjs';

before(start);
after(stop);

const bubble = (page, text) => page.locator('.bubble', { hasText: text });
const row = (page, text) => page.locator('.said', { hasText: text }).last();

async function menu(page, text) {
  await row(page, text).hover();
  await row(page, text).getByRole('button', { name: 'What to do with this message' }).click();
  return page.getByRole('dialog', { name: 'What to do with this message' });
}
const pick = async (page, text, what) => (await menu(page, text)).getByRole('button', { name: what }).click();

test('an answer quotes what it answers, and leads to it', async () => {
  const { ann, ben } = await couple();
  await write(ann, 'Where shall we meet?');
  await bubble(ben, 'Where shall').waitFor();
  await pick(ben, 'Where shall', 'Reply');
  await ben.getByText(`Reply to ${ann.who}`).waitFor();
  await write(ben, 'At the station');
  const quote = bubble(ann, 'At the station').getByRole('button');
  await quote.getByText('Where shall we meet?').waitFor();
  await quote.click();
  await ann.locator('.found', { hasText: 'Where shall' }).waitFor();
  await gone(ben.getByText('Reply to')); // the next is no answer
  await write(ben, 'At nine');
  await shows(ben, ['Where shall we meet?', `${ann.who}\nWhere shall we meet?\nAt the station`, 'At nine']);
  await done();
});

test('arrow up edits the last one; Escape leaves it as it was', async () => {
  const { ann, ben } = await couple();
  await write(ann, 'first');
  await write(ann, 'At eigth');
  await sent(ann); // what is not in the log yet is not edited
  const field = ann.locator('textarea');
  await field.press('ArrowUp');
  await ann.getByText('Editing').waitFor();
  await until(async () => (await field.inputValue()) === 'At eigth', 'its text');
  await field.press('Escape');
  await until(async () => (await field.inputValue()) === '', 'no text');
  await field.press('ArrowUp');
  await until(async () => (await field.inputValue()) === 'At eigth', 'its text');
  await field.fill('At eight');
  await field.press('Enter');
  const want = ['first', 'At eight (edited)'];
  for (const page of [ann, ben]) await shows(page, want);
  await ben.reload();
  await shows(ben, want);
  await done();
});

test('deleted for all, deleted for oneself', async () => {
  const { ann, ben } = await couple();
  for (const text of ['keep this', 'a mistake', 'not for me']) await write(ann, text);
  await bubble(ben, 'not for me').waitFor();
  await pick(ann, 'a mistake', 'Delete for everybody');
  await ann.getByRole('button', { name: 'Cancel' }).click();
  await ann.getByRole('button', { name: 'Delete for everybody' }).click();
  await ann.getByRole('button', { name: 'Delete', exact: true }).click();
  await bubble(ben, 'This message was deleted').waitFor();
  const all = await menu(ben, 'keep this');
  await all.getByRole('button', { name: 'Delete for me' }).waitFor();
  assert.equal(await all.getByRole('button', { name: 'Delete for everybody' }).count(), 0);
  assert.equal(await all.getByRole('button', { name: 'Edit' }).count(), 0);
  await ben.keyboard.press('Escape');
  await pick(ben, 'not for me', 'Delete for me');
  await ben.getByRole('button', { name: 'Delete', exact: true }).click();
  const want = ['keep this', 'This message was deleted', 'not for me'];
  await shows(ben, want.slice(0, 2));
  await shows(ann, want);
  await ben.reload();
  await shows(ben, want.slice(0, 2));
  await done();
});

test('reactions: put, joined, exchanged, taken back', async () => {
  const { ann, ben } = await couple();
  await write(ann, 'We won!');
  await bubble(ben, 'We won!').waitFor();
  await pick(ben, 'We won!', 'React with 🎉');
  const party = row(ann, 'We won!').getByRole('button', { name: `🎉 ${ben.who}` });
  await party.click();
  await row(ben, 'We won!').getByRole('button', { name: '🎉' }).getByText('2').waitFor();
  await pick(ben, 'We won!', 'React with ❤️');
  await row(ann, 'We won!').getByRole('button', { name: `❤️ ${ben.who}` }).waitFor();
  await row(ann, 'We won!').getByRole('button', { name: '🎉 You' }).click();
  await counts(row(ben, 'We won!').locator('.reactions li'), 1);
  await accessible(ann);
  await done();
});

test('one is named: completed, marked, and told in Korean too', async () => {
  const [ann, ben] = [await person('ann'), await person('ben')];
  await begin(ann, [ben.who], 'Crew');
  await open(ben, 'Crew');
  const field = ann.locator('textarea');
  await field.pressSequentially('Hey @b');
  await ann.getByRole('option', { name: ben.who }).waitFor();
  await shot(ann, 'mention');
  await field.press('Enter'); // picks, and sends nothing
  await until(async () => (await field.inputValue()) === `Hey @${ben.who} `, 'the name is put');
  assert.equal(await ann.locator('.bubble').count(), 0);
  await field.pressSequentially('come');
  await field.press('Enter');
  await ben.locator('.mention.me', { hasText: `@${ben.who}` }).waitFor();
  await ben.locator('.bubble.named').waitFor();
  assert.equal(await ann.locator('.mention.me').count(), 0);
  // A syllable that is being composed is finished before the name is put.
  const cdp = await ben.context().newCDPSession(ben);
  await ben.locator('textarea').focus();
  await ben.locator('textarea').pressSequentially(`@${ann.who.slice(0, 2)}`);
  await ben.getByRole('option', { name: ann.who }).waitFor();
  await ben.getByRole('option', { name: ann.who }).click();
  await cdp.send('Input.imeSetComposition', { text: '안녕', selectionStart: 2, selectionEnd: 2 });
  const key = { key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 13 };
  await cdp.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', ...key });
  await cdp.send('Input.insertText', { text: '안녕' });
  await ann.locator('.bubble', { hasText: `@${ann.who} 안녕` }).waitFor();
  await done();
});

test('ticks: sent, delivered, read', async () => {
  const { ann, ben } = await couple();
  await ben.goto('about:blank');
  await write(ann, 'are you there?');
  await ann.getByRole('img', { name: 'Sent' }).waitFor();
  await ben.goto(cluster.balancer); // the list, not the conversation
  await ann.getByRole('img', { name: 'Delivered' }).waitFor();
  await open(ben, ann.who);
  await ann.getByRole('img', { name: 'Read' }).waitFor();
  await done();
});

test('in a group the tick says how many have read', async () => {
  const [ann, ben, cat] = [await person('ann'), await person('ben'), await person('cat')];
  await begin(ann, [ben.who, cat.who], 'Three');
  await write(ann, 'news');
  await open(ben, 'Three');
  await ann.getByRole('img', { name: 'Read by 1 of 2' }).waitFor();
  await open(cat, 'Three');
  await ann.getByRole('img', { name: 'Read', exact: true }).waitFor();
  await done();
});

test('changed while the gateways are away: shown at once, done later', async () => {
  const { ann, ben } = await couple();
  await write(ann, 'befor');
  for (const page of [ann, ben]) await shows(page, ['befor']);
  await sent(ann);
  await during('kill', ['gateway1', 'gateway2'], async () => {
    await ann.locator('textarea').press('ArrowUp');
    await ann.getByText('Editing').waitFor();
    await ann.locator('textarea').fill('before');
    await ann.locator('textarea').press('Enter');
    await bubble(ann, 'before (edited)').waitFor();
    await ann.reload().catch(() => {}); // no page either
  });
  await ann.goto(cluster.balancer);
  await online(ben);
  await bubble(ben, 'before (edited)').waitFor();
  await done();
});

test('search in what is loaded', async () => {
  const { ann } = await couple();
  for (let i = 0; i < 40; i++) await write(ann, i % 13 ? `line ${i}` : `단풍 길 ${i}`);
  await bubble(ann, '단풍 길 39').waitFor();
  await sent(ann);
  await ann.getByRole('button', { name: 'Search in this conversation' }).click();
  await ann.getByRole('searchbox', { name: 'Search in this conversation' }).fill('단풍');
  await ann.getByText('1 of 4').waitFor();
  await ann.locator('.found', { hasText: '단풍 길 39' }).waitFor();
  await ann.keyboard.press('Enter');
  await ann.locator('.found', { hasText: '단풍 길 26' }).waitFor();
  await ann.getByRole('button', { name: 'Earlier' }).click();
  await ann.getByText('3 of 4').waitFor();
  await shot(ann, 'search');
  await ann.getByRole('searchbox', { name: 'Search in this conversation' }).fill('nothing of this');
  await ann.getByText('Nothing found').waitFor();
  await ann.keyboard.press('Escape');
  await gone(ann.locator('.finding'));
  await done();
});

/** Between page and gateway: the one conversation has `count` messages, which
 *  are made up as they are asked for. */
async function longHistory(page, count) {
  const words = 'with a few more words, so that not all the rows are of one and the same height';
  const event = (conv, from, seq) => {
    const text = `line ${seq}${seq % 7 ? '' : ` ${words}`}`;
    return { type: 'event', conv, seq, ts: 1.7e12 + seq * 60_000, from, kind: 'message', msg: `made-up-${seq}`, body: { text } };
  };
  let peer;
  await page.routeWebSocket(/\/v1\/ws/, (ws) => {
    const server = ws.connectToServer();
    server.onMessage((message) => {
      const frames = message.split('\n').map((text) => JSON.parse(text));
      for (const c of frames.flatMap((f) => f.conversations ?? [])) {
        peer = c.peer;
        Object.assign(c, { head: count, read: count, unread: 0, ts: 1.7e12 + count * 60_000 });
      }
      ws.send(frames.map((f) => JSON.stringify(f)).join('\n'));
    });
    ws.onMessage((text) => {
      const { type, id, conv, before, limit } = JSON.parse(text);
      if (type !== 'history') return server.send(text);
      const last = Math.min(count, before - 1);
      const first = Math.max(1, last - limit + 1);
      const events = Array.from({ length: last - first + 1 }, (_, i) => event(conv, peer, first + i));
      ws.send(JSON.stringify({ type: 'history', id, conv, from: 1, head: count, events }));
    });
  });
}

test('ten thousand messages: few are drawn, and nothing jumps', async () => {
  const ann = await person('ann');
  const ben = await person('ben', { before: (page) => longHistory(page, 10_000) });
  await begin(ann, [ben.who]);
  await write(ann, 'hello');
  await open(ben, ann.who);
  const box = ben.getByRole('log');
  await until(async () => (await box.locator('.bubble').count()) > 20, 'some');
  const drawn = () => box.evaluate((el) => el.querySelectorAll('[data-key]').length);
  // To the very beginning, as fast as the page goes.
  let most = 0;
  await box.hover();
  for (let turn = 0; (await ben.getByText('This is the beginning.').count()) === 0; turn++) {
    assert.ok(turn < 2_000, 'no older rows come');
    most = Math.max(most, await drawn());
    await box.evaluate(async (el) => {
      for (let i = 0; i < 20; i++) {
        el.scrollTop = 0;
        await new Promise((r) => requestAnimationFrame(r));
      }
    });
  }
  assert.ok(most <= 230, `${most} rows were drawn`);
  const nodes = await ben.evaluate(() => document.querySelectorAll('*').length);
  assert.ok(nodes < 5_000, `${nodes} nodes`);
  // Down again in steps: the rows move by what was scrolled and no more, and
  // each is drawn once.
  const steps = await box.evaluate(async (el) => {
    const jumps = [];
    const made = new Set();
    let all = 0;
    const seen = new MutationObserver((changes) => {
      const rows = changes.flatMap((c) => [...c.addedNodes]).filter((node) => node.dataset?.key);
      all += rows.length;
      for (const row of rows) made.add(row.dataset.key);
    });
    seen.observe(el, { childList: true });
    for (let step = 0; step < 150; step++) {
      const rows = [...el.querySelectorAll('[data-key]')];
      const top = el.getBoundingClientRect().top;
      const row = rows.find((r) => r.getBoundingClientRect().top > top + 100 && r.querySelector('.bubble'));
      const before = row.getBoundingClientRect().top;
      const from = el.scrollTop;
      el.scrollTop = from + 300;
      const moved = el.scrollTop - from;
      for (let frame = 0; frame < 2; frame++) await new Promise((r) => requestAnimationFrame(r));
      jumps.push(Math.abs(row.getBoundingClientRect().top - before + moved));
    }
    return { jump: Math.max(...jumps), all, made: made.size };
  });
  assert.ok(steps.jump <= 1.5, `the rows jumped by ${steps.jump} px`);
  assert.ok(steps.made > 300, `${steps.made} rows`);
  assert.ok(steps.all < steps.made * 1.1, `${steps.all} drawings of ${steps.made} rows`);
  assert.ok((await drawn()) <= 230);
  // Search goes far away at once, and back.
  await ben.getByRole('button', { name: 'Search in this conversation' }).click();
  await ben.getByRole('searchbox', { name: 'Search in this conversation' }).fill('line 5000');
  await ben.locator('.found', { hasText: 'line 5000' }).waitFor();
  await ben.getByRole('button', { name: 'To the latest message' }).click();
  await bubble(ben, 'line 10000').waitFor();
  assert.ok((await drawn()) <= 230);
  await done();
});

test('a phone of 360 px: the menu comes from below, and all of it fits', async () => {
  const ann = await person('ann');
  const june = await person('june', { ...PHONE, locale: 'ko-KR', colorScheme: 'dark' });
  await begin(ann, [june.who]);
  await write(ann, 'Shall we take the long way round, past the lake and up to the temple?');
  await open(june, ann.who);
  await bubble(june, 'Shall we').waitFor();
  await fits(june);
  await row(june, 'Shall we').getByRole('button', { name: '이 메시지로 할 일' }).tap();
  await june.getByRole('button', { name: '👍 공감' }).waitFor();
  await shot(june, 'phone-360-menu');
  await accessible(june);
  await june.getByRole('button', { name: '답장' }).tap();
  await june.getByText(`${ann.who}님에게 답장`).waitFor();
  await write(june, '좋아, 호수 쪽으로 가자');
  await fits(june);
  await bubble(ann, '호수 쪽으로').waitFor();
  await june.getByRole('img', { name: '읽음' }).waitFor();
  await row(june, '호수 쪽으로').getByRole('button', { name: '이 메시지로 할 일' }).tap();
  await june.getByRole('button', { name: '수정', exact: true }).tap();
  await june.locator('textarea').fill('좋아, 호수 쪽으로 가자!');
  await june.locator('textarea').press('Enter');
  await bubble(ann, '(edited)').waitFor();
  await june.emulateMedia({ colorScheme: 'light' });
  await shot(june, 'phone-360-light');
  await accessible(june);
  await done();
});
