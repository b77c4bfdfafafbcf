// What the user has set, and what his devices are told of at once: friends,
// privacy, quiet and pinned conversations, being away.
import { after, before, test } from 'node:test';
import { accessible, becomes, shot, until, write } from './browser.mjs';
import { begin, command, couple, done, entry, person, start, stop } from './people.mjs';

before(start);
after(stop);

const dialog = (page) => page.getByRole('dialog');

async function settings(page, what) {
  await page.getByRole('button', { name: 'Settings' }).click();
  await what(dialog(page));
  await page.getByRole('button', { name: 'Close' }).click();
}
const choose = (page, group, option) =>
  settings(page, (d) => d.getByRole('group', { name: group }).getByRole('radio', { name: option }).check());

test('a question to be friends shows at once, and so does its answer', async () => {
  // Nobody looks now and then: what shows was told.
  const told = { before: (page) => page.addInitScript(() => (window.setInterval = () => 0)) };
  const [ann, ben] = [await person('ann', told), await person('ben', told)];
  await ann.getByRole('tab', { name: 'Friends' }).click();
  await ann.getByLabel('Add a friend by name').fill(ben.who);
  await ann.getByRole('button', { name: 'Ask' }).click();
  await ben.locator('.tabs .badge').getByText('1').waitFor();
  await ben.getByRole('tab', { name: 'Friends' }).click();
  await ben.getByRole('button', { name: 'Accept' }).click();
  await ann.getByRole('button', { name: 'Message' }).waitFor();
  await done();
});

test('a conversation that somebody begins is in the list at once', async () => {
  const [ann, ben] = [await person('ann'), await person('ben')];
  await begin(ann, [ben.who]);
  await entry(ben, ann.who).waitFor();
  await done();
});

test('privacy: nobody can begin, nobody can see', async () => {
  const { ann, ben } = await couple();
  const cat = await person('cat');
  await ann.locator('header').getByText('online').waitFor();
  await choose(ben, 'Who may see when I am here', 'Nobody');
  await ann.locator('header').getByText('online').waitFor({ state: 'detached' });
  await choose(ben, 'Who may begin a conversation with me', 'Nobody');
  await until(async () => (await command(ben.account, { type: 'settings' })).reach === 'nobody', 'the server knows');
  await ben.reload();
  await ben.getByRole('button', { name: 'Settings' }).click();
  await dialog(ben).getByRole('group', { name: 'Who may begin' }).getByRole('radio', { name: 'Nobody' }).and(ben.locator(':checked')).waitFor();
  await shot(ben, 'privacy');
  await accessible(ben);
  await cat.getByRole('button', { name: 'New conversation' }).click();
  await cat.getByLabel('Add somebody by name').fill(ben.who);
  await cat.getByRole('button', { name: 'Add', exact: true }).click();
  await cat.getByRole('button', { name: 'Begin conversation' }).click();
  await cat.getByRole('alert').getByText('You may not do this.').waitFor();
  await done();
});

test('pinned stays on top; quiet makes no noise', async () => {
  const { ann, ben } = await couple();
  const cat = await person('cat');
  await begin(cat, [ben.who]);
  await entry(ben, cat.who).waitFor();
  await ben.evaluate(() => {
    window.told = [];
    localStorage.setItem('moim.notify', 'yes');
    window.Notification = class {
      static permission = 'granted';
      constructor(title) {
        window.told.push(title);
      }
    };
    document.hasFocus = () => false;
  });
  await ben.getByRole('button', { name: 'About this person' }).click();
  await ben.getByLabel('No notifications of this conversation').check();
  await ben.getByLabel('Keep on top of the list').check();
  await ben.getByRole('button', { name: 'Close' }).click();
  await until(async () => {
    const { conversations } = await command(ben.account, { type: 'conversations' });
    return conversations.some((c) => c.pinned && c.muted_until);
  }, 'the server knows');
  await write(ann, 'a quiet word');
  await ben.locator('.bubble', { hasText: 'a quiet word' }).waitFor();
  await write(cat, 'a loud one');
  await becomes(() => ben.evaluate(() => window.told), [cat.who]);
  await ben.locator('button.entry').first().getByText(ann.who).waitFor();
  await done();
});
