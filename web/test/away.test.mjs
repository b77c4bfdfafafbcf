// The page while somebody is away: its own network goes and comes back, the
// other one leaves and returns, the user himself logs out and in again.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PASSWORD, cluster, fits, gone, sent, shot, shows, write } from './browser.mjs';
import { PHONE, begin, couple, done, entry, open, person, start, stop } from './people.mjs';

before(start);
after(stop);

test('offline and back, on a phone in Korean: one goes on writing, and all of it comes', async () => {
  const june = await person('june', { ...PHONE, locale: 'ko-KR', colorScheme: 'dark' });
  const ann = await person('ann');
  await begin(ann, [june.who]);
  await write(ann, 'where are you?');
  await open(june, ann.who);
  await june.locator('.bubble', { hasText: 'where' }).waitFor();
  await june.context().setOffline(true);
  const field = june.locator('textarea');
  await write(june, '지하철이야');
  await write(june, '곧 도착해');
  await field.pressSequentially('아직 쓰는');
  await june.locator('.pending').nth(1).waitFor();
  await june.locator('.pane').getByText('메시지 2개가 기다리고 있어요').waitFor();
  assert.ok(await field.evaluate((el) => el === document.activeElement)); // the focus stays
  await fits(june);
  await shot(june, 'phone-360-offline');
  await write(ann, 'hello?');
  await sent(ann);
  await shows(ann, ['where are you?', 'hello?']);
  await june.context().setOffline(false);
  const want = ['where are you?', 'hello?', '지하철이야', '곧 도착해'];
  for (const page of [june, ann]) {
    await gone(page.locator('.pending, .pane'));
    await shows(page, want);
  }
  assert.equal(await field.inputValue(), '아직 쓰는');
  await done();
});

test('who is there, when they were last, and what was said last show in the list', async () => {
  const { ann, ben } = await couple();
  await write(ben, 'see you tomorrow');
  const row = entry(ann, ben.who);
  await row.getByText('see you tomorrow').waitFor();
  await row.getByRole('img', { name: 'online' }).waitFor();
  const head = ann.locator('header.top').filter({ has: ann.getByRole('heading', { name: ben.who }) });
  await head.getByText('online').waitFor();
  await ben.goto('about:blank');
  await head.getByText(/^last seen/).waitFor();
  await row.getByRole('img', { name: 'online' }).waitFor({ state: 'detached' });
  await ben.goto(cluster.balancer);
  await head.getByText('online').waitFor();
  await write(ann, 'see you');
  await row.getByText('You: see you').waitFor();
  await done();
});

test('logged out and in again: what is wrong is said', async () => {
  const ann = await person('ann');
  await ann.getByRole('button', { name: 'Settings' }).click();
  await ann.getByRole('radio', { name: 'Dark' }).check();
  assert.equal(await ann.evaluate(() => document.documentElement.dataset.theme), 'dark');
  await ann.getByRole('button', { name: `Log out (${ann.who})` }).click();
  await ann.getByLabel('Name', { exact: true }).fill(ann.who);
  for (const [password, seen] of [
    ['not the password', ann.getByRole('alert').getByText('Name and password do not belong together.')],
    [PASSWORD, ann.getByRole('tab').first()],
  ]) {
    await ann.getByLabel('Password', { exact: true }).fill(password);
    await ann.getByRole('button', { name: 'Log in', exact: true }).click();
    await seen.waitFor();
  }
  await ann.reload();
  await ann.getByRole('heading', { name: ann.who }).waitFor();
  assert.equal(await ann.evaluate(() => document.documentElement.dataset.theme), 'dark'); // of the browser, not of the login
  await done();
});
