// The page in real browsers against real gateways: two and three people in
// contexts of their own, judged by what can be seen.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { bubbles, control, shot, typeUntilSeen, until, write } from './browser.mjs';
import { begin, couple, done, entry, open, person, serious, start, stop } from './people.mjs';

before(start);
after(stop);

test('two people meet and talk', async () => {
  const { ann, ben } = await couple();
  await write(ann, 'Hello Ben');
  await ben.getByText('Hello Ben').last().waitFor();
  await ann.locator('header').getByText('online').waitFor();
  await ben.locator('textarea').pressSequentially('안녕');
  await ann.locator('.typing').getByText(`${ben.who} is typing…`).waitFor();
  await ben.locator('textarea').press('Shift+Enter');
  await ben.locator('textarea').pressSequentially('two lines');
  await ben.locator('textarea').press('Enter');
  await ann.locator('.bubble').getByText('two lines').waitFor();
  assert.deepEqual(await bubbles(ann), ['Hello Ben', '안녕\ntwo lines']);
  await until(async () => (await ann.getByRole('img', { name: 'Read' }).count()) === 1, 'a check');
  await done();
});

test('unread shows in the list and in the title, until it is seen', async () => {
  const ann = await person('ann');
  const ben = await person('ben');
  await begin(ann, [ben.who]);
  for (const text of ['one', 'two', 'three']) await write(ann, text);
  await entry(ben, ann.who).getByLabel('3 unread messages').waitFor();
  assert.match(await ben.title(), /^\(3\) /);
  await open(ben, ann.who);
  await ben.getByText('New messages').waitFor();
  await until(async () => !/^\(/.test(await ben.title()), 'nothing unread');
  await ben.reload();
  await entry(ben, ann.who).waitFor();
  assert.equal(await ben.locator('.entry .badge').count(), 0);
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
  await ben.locator('.from', { hasText: 'ember' }).or(ben.locator('.from', { hasText: cat.who })).last().waitFor();
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
  await until(() => ann.getByRole('button', { name: 'Message' }).isVisible(), 'looked again', 20_000);
  await ann.getByRole('button', { name: 'Message' }).click();
  await write(ann, 'Friends now');
  await ben.getByRole('button', { name: 'Remove friend' }).click();
  await ben.getByText('No friends yet').waitFor();
  await done();
});

test('history comes while scrolling up, and nothing jumps', async () => {
  const { ann, ben } = await couple();
  await ben.evaluate(() => (location.hash = ''));
  await ann.evaluate(async () => {
    const { token } = JSON.parse(localStorage.getItem('moim.session'));
    const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` };
    for (let i = 1; i <= 230; i++) {
      const text = `line ${i}${i % 7 ? '' : ' with a few more words, so that not all the rows are of one and the same height'}`;
      const body = JSON.stringify({ msg: `a-message-named-${i}`, text });
      await fetch(`/v1/conversations/${location.hash.slice(3)}/messages`, { method: 'POST', headers, body });
    }
  });
  await ben.reload();
  await open(ben, ann.who);
  await ben.getByText('line 230').last().waitFor();
  const box = ben.getByRole('log');
  // Wheel up in small steps. Between two steps the first visible row moves by
  // what was scrolled, whatever was put above it.
  let first = 231;
  await box.hover();
  for (let step = 0; first > 1 && step < 400; step++) {
    const jump = await box.evaluate(async (el) => {
      const rows = [...el.querySelectorAll('[data-key]')];
      const top = el.getBoundingClientRect().top;
      const row = rows.find((r) => r.getBoundingClientRect().bottom > top && r.querySelector('.bubble'));
      const before = row.getBoundingClientRect().top;
      const from = el.scrollTop;
      el.scrollTop = Math.max(from - 250, 0);
      const moved = from - el.scrollTop;
      for (let frame = 0; frame < 3; frame++) await new Promise((r) => requestAnimationFrame(r));
      return Math.abs(row.getBoundingClientRect().top - before - moved);
    });
    assert.ok(jump <= 1.5, `step ${step}: the rows jumped by ${jump} px`);
    first = Number(/line (\d+)/.exec(await ben.locator('.bubble').first().innerText())[1]);
  }
  assert.equal(first, 1);
  await ben.getByText('This is the beginning.').waitFor();
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

test('the gateways die under typing; nothing is lost, and it says so late', async () => {
  const { ann, ben } = await couple();
  await write(ann, 'before');
  await ben.locator('.bubble', { hasText: 'before' }).waitFor();
  const field = ann.locator('textarea');
  await field.pressSequentially('half a sen');
  await Promise.all([control('kill', 'gateway1'), control('kill', 'gateway2')]);
  await field.pressSequentially('tence');
  assert.equal(await field.inputValue(), 'half a sentence');
  assert.equal(await ann.locator('.pane').count(), 0); // only after a grace
  await field.press('Enter');
  await write(ann, 'and one more');
  await ann.locator('.pane').getByText('2 messages are waiting').waitFor();
  assert.ok(await field.evaluate((el) => el === document.activeElement)); // the focus stays
  await shot(ann, 'no-connection');
  await field.pressSequentially('still typing');
  await control('start', 'gateway1');
  await control('start', 'gateway2');
  await ann.getByRole('button', { name: 'Try now' }).click({ timeout: 2_000 }).catch(() => {});
  await ben.locator('.bubble', { hasText: 'and one more' }).waitFor({ timeout: 30_000 });
  await until(async () => (await ann.locator('.pending, .pane').count()) === 0, 'all is well', 30_000);
  assert.deepEqual(await bubbles(ann), ['before', 'half a sentence', 'and one more']);
  assert.deepEqual(await bubbles(ben), await bubbles(ann));
  assert.equal(await field.inputValue(), 'still typing');
  await done();
});

test('a reload with unsent messages sends them, once', async () => {
  const { ann, ben } = await couple();
  await write(ann, 'first');
  await ben.locator('.bubble', { hasText: 'first' }).waitFor();
  await ann.waitForTimeout(2_500); // a snapshot is kept every 2 s
  await control('pause', 'redis');
  await write(ann, 'written without a store');
  await write(ann, 'and another');
  await ann.locator('textarea').pressSequentially('a draft');
  await ann.reload();
  await ann.locator('.pending', { hasText: 'and another' }).waitFor();
  assert.deepEqual(await bubbles(ann), ['first', 'written without a store', 'and another']);
  assert.equal(await ann.locator('textarea').inputValue(), 'a draft');
  await control('resume', 'redis');
  await ben.locator('.bubble', { hasText: 'and another' }).waitFor({ timeout: 30_000 });
  await until(async () => (await ann.locator('.pending').count()) === 0, 'sent', 30_000);
  const want = ['first', 'written without a store', 'and another'];
  assert.deepEqual(await bubbles(ann), want);
  assert.deepEqual(await bubbles(ben), want);
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
  assert.equal(await field.inputValue(), '日本');
  await enter();
  await ben.locator('.bubble', { hasText: '日本' }).waitFor();
  assert.deepEqual(await bubbles(ann), ['안녕하세요', '日本']);
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
  await until(async () => (await ann.locator('.bubble').count()) === 0, 'gone');
  await write(ann, 'fine');
  await ann.getByRole('img', { name: /Sent|Delivered|Read/ }).waitFor();
  await done();
});

test('the keyboard is enough', async () => {
  const { ann } = await couple();
  await write(ann, 'here');
  await ann.keyboard.press('Control+k');
  assert.equal(await ann.evaluate(() => document.activeElement.type), 'search');
  await ann.keyboard.press('ArrowDown');
  assert.ok(await ann.evaluate(() => document.activeElement.matches('button.entry')));
  await ann.keyboard.press('Enter');
  await ann.keyboard.press('Escape');
  assert.equal(await ann.evaluate(() => document.activeElement.tagName), 'TEXTAREA');
  await ann.getByRole('button', { name: 'Settings' }).focus();
  await ann.keyboard.press('Enter');
  await ann.getByRole('dialog').waitFor();
  await ann.keyboard.press('Escape');
  await ann.getByRole('dialog').waitFor({ state: 'detached' });
  assert.equal(await ann.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Settings');
  await done();
});

test('a phone, in Korean, in the dark; and axe has nothing against it', async () => {
  const phone = { viewport: { width: 390, height: 780 }, locale: 'ko-KR', colorScheme: 'dark', hasTouch: true, isMobile: true };
  const june = await person('지은', { exact: true, ...phone });
  const ann = await person('Minseo', { exact: true });
  const alex = await person('Alex', { exact: true });
  assert.deepEqual(await serious(june), []);
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
  await typeUntilSeen(june, '그때', ann);
  await shot(june, 'phone-dark-korean');
  await shot(ann, 'wide-light');
  assert.deepEqual(await serious(june), []);
  assert.deepEqual(await serious(ann), []);
  assert.equal(await june.evaluate(() => document.documentElement.scrollWidth), 390);
  const wide = await ann.locator('button.entry').evaluateAll((rows) => rows.map((r) => r.scrollWidth - r.clientWidth));
  assert.deepEqual(wide, [0, 0, 0]); // a long preview is cut, the rest stays
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
  assert.deepEqual(await serious(ann), []);
  await ann.getByRole('radio', { name: 'Light' }).check();
  await ann.getByRole('radio', { name: '한국어' }).check();
  await ann.getByText('설정').first().waitFor();
  await ann.reload();
  await ann.getByText('대화').first().waitFor();
  await done();
});
