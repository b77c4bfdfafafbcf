// The page in real browsers against real gateways: two and three people in
// contexts of their own, judged by what can be seen.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, becomes, counts, during, fits, gone, online, sent, shot, shows, typeUntilSeen, typing, until, write } from './browser.mjs';
import { begin, command, couple, done, enter, entry, newcomer, open, person, start, stop } from './people.mjs';

before(start);
after(stop);

/** In the page: a page of history stays at the door until letHistory(), once
 *  the first has come. */
function heldHistory() {
  let held = [];
  let seen = 0;
  window.letMidScroll = 0;
  window.letHistory = () => {
    window.letMidScroll += held.length;
    for (const go of held.splice(0)) go();
  };
  window.WebSocket = class extends WebSocket {
    set onmessage(fn) {
      super.onmessage = fn && ((e) => (/"type":"history"/.test(e.data) && seen++ ? held.push(() => fn(e)) : fn(e)));
    }
  };
}

test('two people meet and talk', async () => {
  const [ann, ben] = [await newcomer('ann'), await newcomer('ben')];
  await begin(ann, [ben.who]);
  await begin(ben, [ann.who]); // nobody is told of an empty conversation
  await write(ann, 'Hello Ben');
  await ben.getByText('Hello Ben').last().waitFor();
  await ann.locator('header').getByText('online').waitFor();
  await typeUntilSeen(ben, '안녕', typing(ann).getByText(`${ben.who} is typing…`));
  await ben.locator('textarea').press('Shift+Enter');
  await ben.locator('textarea').pressSequentially('two lines');
  await ben.locator('textarea').press('Enter');
  await shows(ann, ['Hello Ben', '안녕\ntwo lines']);
  await counts(ann.getByRole('img', { name: 'Read' }), 1);
  await done();
});

test('unread shows in the list and in the title, until it is seen', async () => {
  const ann = await person('ann');
  const ben = await person('ben');
  await begin(ann, [ben.who]);
  for (const text of ['one', 'two', 'three']) await write(ann, text);
  await entry(ben, ann.who).getByLabel('3 unread messages').waitFor();
  await until(async () => /^\(3\) /.test(await ben.title()), 'the title');
  await open(ben, ann.who);
  await ben.getByText('New messages').waitFor();
  await until(async () => !/^\(/.test(await ben.title()), 'nothing unread');
  // The server has heard of it: a login from elsewhere begins with nothing.
  const [listed] = await until(async () => {
    const { conversations } = await command(ben.account, { type: 'conversations' });
    return conversations[0].unread === 0 && conversations;
  }, 'told to the server');
  assert.equal(listed.read, 3);
  await ben.reload();
  await entry(ben, ann.who).waitFor();
  await gone(ben.locator('.entry .badge'));
  await done();
});

test('a group: made, joined, removed from, left', async () => {
  const [ann, ben, cat] = [await person('ann'), await person('ben'), await person('cat')];
  await begin(ann, [ben.who], '주말 모임');
  await write(ann, 'Who comes?');
  await open(ben, '주말 모임');
  await ben.getByText('Who comes?').last().waitFor();
  await ann.getByRole('button', { name: 'About this group' }).click();
  await ann.getByRole('dialog').getByLabel('Add somebody by name').fill(cat.who);
  await ann.getByRole('dialog').getByRole('button', { name: 'Add', exact: true }).click();
  await open(cat, '주말 모임');
  await cat.locator('header').getByText('3 members').waitFor();
  await write(cat, 'I do');
  await ben.locator('.bubble', { hasText: 'I do' }).locator('.from', { hasText: cat.who }).waitFor();
  await shot(ann, 'group-info');
  const row = ann.getByRole('dialog').getByRole('listitem').filter({ hasText: cat.who });
  await row.getByText(cat.who).click();
  await row.getByRole('button', { name: 'Remove' }).click();
  await cat.getByText('You are not a member of this group any more.').waitFor();
  await ann.getByRole('button', { name: 'Close' }).click();
  await ben.getByRole('button', { name: 'About this group' }).click();
  await ben.getByRole('button', { name: 'Leave group' }).click();
  await ben.getByRole('button', { name: 'Leave group' }).click();
  await ann.getByRole('log').getByText(`${ben.who} left`).waitFor();
  await done();
});

test('friends: asked, accepted, dropped', async () => {
  const [ann, ben] = [await person('ann'), await person('ben')];
  await ann.getByRole('tab', { name: 'Friends' }).click();
  await ann.getByLabel('Add a friend by name').fill('nobody-of-this-name');
  await ann.getByRole('button', { name: 'Ask' }).click();
  await ann.getByRole('alert').getByText('This does not exist').waitFor();
  await ann.getByLabel('Add a friend by name').fill(ben.who);
  await ann.getByRole('button', { name: 'Ask' }).click();
  await ann.getByText('You asked').waitFor();
  await ben.getByRole('tab', { name: 'Friends' }).click();
  await ben.getByText('Wants to be your friend').waitFor();
  await shot(ben, 'friends');
  await ben.getByRole('button', { name: 'Accept' }).click();
  await ben.getByRole('button', { name: 'Message' }).waitFor();
  await ann.getByRole('button', { name: 'Message' }).click();
  await write(ann, 'Friends now');
  await ben.getByRole('button', { name: 'Remove friend' }).click();
  await ben.getByText('No friends yet').waitFor();
  await done();
});

test('history comes while scrolling up, and nothing jumps', async () => {
  const { ann, ben: absent } = await couple();
  const { account } = absent;
  await absent.goto('about:blank');
  await ann.evaluate(async (token) => {
    const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` };
    for (let i = 1; i <= 170; i++) {
      const text = `line ${i}${i % 7 ? '' : ' with a few more words, so that not all the rows are of one and the same height'}`;
      const body = JSON.stringify({ msg: `a-message-named-${i}`, text });
      const reply = await fetch(`/v1/conversations/${location.hash.slice(3)}/messages`, { method: 'POST', headers, body });
      if (!reply.ok) throw new Error(`line ${i}: ${reply.status}`);
    }
  }, ann.account.token);
  // All of it is unread, and more than is loaded: it begins at the beginning.
  const late = await enter(account);
  await open(late, ann.who);
  await late.getByText('This is the beginning.').waitFor();
  const line = late.getByRole('log').getByText('New messages');
  await until(() => line.evaluate((el) => el.getBoundingClientRect().top > 0 && el.getBoundingClientRect().bottom < innerHeight), 'the line above the new ones');
  await late.context().close();
  const conv = await ann.evaluate(() => location.hash.slice(3));
  await command(account, { type: 'read', conv, seq: 170 });
  const ben = await enter(account, { before: (page) => page.addInitScript(heldHistory) });
  await open(ben, ann.who);
  await ben.getByText('line 170').last().waitFor();
  const box = ben.getByRole('log');
  // Wheel up in small steps. Between two steps the first visible row moves by
  // what was scrolled, whatever was put above it: also when that comes after
  // the scrolling and before the page was told of it.
  let first = 171;
  await box.hover();
  for (let step = 0; first > 1; step++) {
    assert.ok(step < 2_000, 'no older rows come');
    const jump = await box.evaluate(async (el) => {
      const rows = [...el.querySelectorAll('[data-key]')];
      const top = el.getBoundingClientRect().top;
      const row = rows.find((r) => r.getBoundingClientRect().bottom > top && r.querySelector('.bubble'));
      const before = row.getBoundingClientRect().top;
      const from = el.scrollTop;
      el.scrollTop = Math.max(from - 250, 0);
      const moved = from - el.scrollTop;
      window.letHistory();
      for (let frame = 0; frame < 3; frame++) await new Promise((r) => requestAnimationFrame(r));
      return Math.abs(row.getBoundingClientRect().top - before - moved);
    });
    assert.ok(jump <= 1.5, `step ${step}: the rows jumped by ${jump} px`);
    first = Number(/line (\d+)/.exec(await ben.locator('.bubble').first().innerText())[1]);
  }
  await ben.getByText('This is the beginning.').waitFor();
  assert.ok((await ben.evaluate(() => window.letMidScroll)) > 0, 'no history came amid scrolling');
  // What comes now does not move the page; it is announced.
  const before = await box.evaluate((el) => el.scrollTop);
  await write(ann, 'news from below');
  await ben.getByRole('button', { name: 'To the latest message' }).getByText('1 new message').waitFor();
  assert.equal(await box.evaluate((el) => el.scrollTop), before);
  await shot(ben, 'scrolled-up');
  await ben.getByRole('button', { name: 'To the latest message' }).click();
  await ben.getByText('news from below').last().waitFor();
  await until(() => box.evaluate((el) => el.scrollHeight - el.scrollTop - el.clientHeight < 5), 'at the bottom');
  await done();
});

/** In the page: whether the kept snapshot holds this text. */
async function kept(text) {
  const asked = (request) => new Promise((go, no) => ((request.onsuccess = () => go(request.result)), (request.onerror = no)));
  const db = await asked(indexedDB.open('moim'));
  const all = await asked(db.transaction('snapshot').objectStore('snapshot').getAll());
  db.close();
  return JSON.stringify(all).includes(text);
}

test('the gateways die under typing; nothing is lost, and it says so late', async () => {
  const { ann, ben } = await couple();
  await write(ann, 'before');
  await ben.locator('.bubble', { hasText: 'before' }).waitFor();
  const field = ann.locator('textarea');
  await field.pressSequentially('half a sen');
  await ann.evaluate(() => {
    const began = performance.now();
    const look = () => (window.saidAfter ??= document.querySelector('.pane') ? performance.now() - began : undefined);
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
  });
  await during('kill', ['gateway1', 'gateway2'], async () => {
    await field.pressSequentially('tence');
    assert.equal(await field.inputValue(), 'half a sentence');
    await field.press('Enter');
    await write(ann, 'and one more');
    await ann.locator('.pane').getByText('2 messages are waiting').waitFor();
    const saidAfter = await ann.evaluate(() => window.saidAfter);
    assert.ok(saidAfter > 2_900, `said after ${saidAfter} ms, without a grace`);
    assert.ok(await field.evaluate((el) => el === document.activeElement)); // the focus stays
    await shot(ann, 'no-connection');
    await field.pressSequentially('still typing');
  });
  for (const page of [ann, ben]) await online(page);
  await gone(ann.locator('.pending, .pane'));
  for (const page of [ann, ben]) await shows(page, ['before', 'half a sentence', 'and one more']);
  assert.equal(await field.inputValue(), 'still typing');
  await done();
});

test('a reload with unsent messages sends them, once', async () => {
  const { ann, ben } = await couple();
  await write(ann, 'first');
  await ben.locator('.bubble', { hasText: 'first' }).waitFor();
  await until(() => ann.evaluate(kept, 'first'), 'a snapshot is kept');
  const want = ['first', 'written without a store', 'and another'];
  await during('pause', ['redis'], async () => {
    await write(ann, want[1]);
    await write(ann, want[2]);
    await ann.locator('textarea').pressSequentially('a draft');
    await ann.reload();
    await ann.locator('.pending', { hasText: 'and another' }).waitFor();
    await shows(ann, want);
    assert.equal(await ann.locator('textarea').inputValue(), 'a draft');
  });
  await sent(ann);
  for (const page of [ann, ben]) await shows(page, want);
  await done();
});

test('Enter while a syllable is being composed sends once, whole', async () => {
  const { ann, ben } = await couple();
  const field = ann.locator('textarea');
  const cdp = await ann.context().newCDPSession(ann);
  await field.focus();
  const compose = (text) => cdp.send('Input.imeSetComposition', { text, selectionStart: text.length, selectionEnd: text.length });
  const enter = async () => {
    const key = { key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 13 };
    await cdp.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', ...key });
    await cdp.send('Input.dispatchKeyEvent', { type: 'keyUp', ...key });
  };
  await compose('안녕하세');
  await compose('안녕하세요');
  await enter();
  assert.equal(await ann.locator('.bubble').count(), 0); // not before the end
  await cdp.send('Input.insertText', { text: '안녕하세요' });
  await ben.locator('.bubble', { hasText: '안녕하세요' }).waitFor();
  // Japanese: the first Enter picks a candidate and sends nothing.
  await compose('にほん');
  await enter();
  await cdp.send('Input.insertText', { text: '日本' });
  await until(async () => (await field.inputValue()) === '日本', 'picked');
  await enter();
  for (const page of [ben, ann]) await shows(page, ['안녕하세요', '日本']);
  await done();
});

test('text stays text, and links are safe', async () => {
  const { ann, ben } = await couple();
  const nasty = '<img src=x onerror=alert(1)> javascript:alert(1) https://example.org/a_(b)?q=1.';
  await write(ann, nasty);
  await ben.locator('.bubble', { hasText: nasty }).waitFor();
  assert.equal(await ben.locator('.bubble img').count(), 0);
  const link = ben.locator('.bubble a');
  assert.equal(await link.count(), 1);
  assert.equal(await link.getAttribute('href'), 'https://example.org/a_(b)?q=1');
  assert.equal(await link.getAttribute('rel'), 'noopener noreferrer nofollow');
  await done();
});

test('what the server refuses can be tried again or thrown away', async () => {
  const { ann } = await couple();
  await write(ann, 'x\u0007y'); // a control character is not allowed
  await ann.getByText('Not sent.').waitFor();
  await ann.getByRole('button', { name: 'Try again' }).click();
  await ann.getByText('Not sent.').waitFor();
  await shot(ann, 'refused');
  await ann.getByRole('button', { name: 'Delete' }).click();
  await shows(ann, []);
  await write(ann, 'fine');
  await ann.getByRole('img', { name: /Sent|Delivered|Read/ }).waitFor();
  await done();
});

test('the keyboard is enough', async () => {
  const { ann } = await couple();
  const focused = (what) => ann.locator(`${what}:focus`).waitFor();
  await write(ann, 'here');
  await ann.keyboard.press('Control+k');
  await focused('input[type=search]');
  await ann.keyboard.press('ArrowDown');
  await focused('button.entry');
  await ann.keyboard.press('Enter');
  await ann.keyboard.press('Escape');
  await focused('textarea');
  await ann.getByRole('button', { name: 'Settings' }).focus();
  await ann.keyboard.press('Enter');
  await ann.getByRole('dialog').waitFor();
  await ann.keyboard.press('Escape');
  await ann.getByRole('dialog').waitFor({ state: 'detached' });
  await focused('[aria-label=Settings]');
  await done();
});

test('a phone, in Korean, in the dark; and axe has nothing against it', async () => {
  const phone = { viewport: { width: 390, height: 780 }, locale: 'ko-KR', colorScheme: 'dark', hasTouch: true, isMobile: true };
  const june = await newcomer('하늘', { exact: true, ...phone });
  const ann = await person('Robin', { exact: true });
  const alex = await person('Noah', { exact: true });
  await accessible(june);
  await begin(ann, [june.who, alex.who], '주말 등산');
  await write(ann, 'Saturday at eight, at the foot of the mountain?');
  await open(alex, '주말 등산');
  await write(alex, 'I bring the coffee ☕');
  await begin(alex, [ann.who]);
  await write(alex, 'Can you take my spare boots along?');
  await begin(ann, [june.who]);
  await write(ann, 'Hi! Are you coming on Saturday?');
  await write(ann, 'We meet at eight, in front of the ticket office. ⛰️');
  await open(june, ann.who);
  await write(june, '응, 갈게! 길이 막히면 조금 늦을 수도 있어.');
  await write(june, '지도는 여기 있어: https://example.org/map?q=bukhansan');
  await ann.locator('.bubble', { hasText: '지도는' }).waitFor();
  await write(ann, 'Perfect 🎉');
  await june.locator('.bubble', { hasText: 'Perfect' }).waitFor();
  await ann.getByRole('img', { name: 'Read' }).last().waitFor();
  await typeUntilSeen(june, '그때', typing(ann));
  await shot(june, 'phone-dark-korean');
  await shot(ann, 'wide-light');
  await accessible(june);
  await accessible(ann);
  await fits(june);
  const wide = () => ann.locator('button.entry').evaluateAll((rows) => rows.map((r) => r.scrollWidth - r.clientWidth));
  await becomes(wide, [0, 0, 0]); // a long preview is cut, the rest stays
  await june.getByRole('button', { name: '뒤로' }).click();
  await entry(june, ann.who).waitFor();
  await shot(june, 'phone-dark-korean-list');
  await open(june, '주말 등산');
  await june.locator('.bubble', { hasText: 'coffee' }).waitFor();
  await shot(june, 'phone-dark-korean-group');
  await ann.emulateMedia({ colorScheme: 'dark' });
  await shot(ann, 'wide-dark');
  await ann.getByRole('button', { name: 'Settings' }).click();
  await shot(ann, 'settings');
  await accessible(ann);
  await ann.getByRole('radio', { name: 'Light' }).check();
  await ann.getByRole('radio', { name: '한국어' }).check();
  await ann.getByText('설정').first().waitFor();
  await ann.reload();
  await ann.getByText('대화').first().waitFor();
  await done();
});
