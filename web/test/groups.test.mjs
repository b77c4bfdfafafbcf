// Groups, people and the account, in real browsers: roles, invites, blocks,
// devices, notifications.
import { after, before, test } from 'node:test';
import { PASSWORD, accessible, becomes, cluster, counts, fits, gone, openPage, shot, until, write } from './browser.mjs';
import { PHONE, begin, browser, couple, done, entry, keep, newcomer, open, person, start, stop } from './people.mjs';

before(start);
after(stop);

const dialog = (page) => page.getByRole('dialog');
const about = (page) => page.getByRole('button', { name: 'About this group' }).click();
const member = (page, name) => dialog(page).getByRole('listitem').filter({ hasText: name });

async function deed(page, name, what) {
  const details = member(page, name).locator('details');
  if (!(await details.evaluate((el) => el.open))) await details.locator('summary').click();
  await details.getByRole('button', { name: what, exact: true }).click();
}

test('roles, a new title, muting', async () => {
  const [ann, ben] = [await person('ann'), await person('ben')];
  await begin(ann, [ben.who], 'Team');
  await write(ann, 'hello');
  await open(ben, 'Team');
  await about(ann);
  await deed(ann, ben.who, 'Make admin');
  await member(ann, ben.who).getByText('admin', { exact: true }).waitFor();
  await ben.getByRole('log').getByText(`${ann.who} made ${ben.who} an admin`).waitFor();
  await about(ben);
  await dialog(ben).getByLabel('Name of the group').fill('산악회');
  await dialog(ben).getByRole('button', { name: 'Rename' }).click();
  await entry(ann, '산악회').waitFor();
  await ben.getByRole('button', { name: 'Close' }).click();
  await deed(ann, ben.who, 'Mute for an hour');
  await member(ann, ben.who).getByText('muted', { exact: true }).waitFor();
  await ben.getByRole('log').getByText(`${ann.who} muted ${ben.who}`).waitFor();
  await shot(ann, 'group-members');
  await accessible(ann);
  await write(ben, 'may I?');
  await ben.getByText('Not sent. You may not do this.').waitFor();
  await deed(ann, ben.who, 'Let write again');
  await ben.getByRole('log').getByText(`${ann.who} lets ${ben.who} write again`).waitFor();
  await ben.getByRole('button', { name: 'Try again' }).click();
  await ann.locator('.bubble', { hasText: 'may I?' }).waitFor();
  await done();
});

test('an invite link lets in, until it is taken back', async () => {
  const [ann, ben] = [await person('ann'), await person('ben')];
  await begin(ann, [], 'Open house');
  await about(ann);
  await ann.getByRole('button', { name: 'Make an invite link' }).click();
  const link = await ann.getByLabel('Invite link').inputValue();
  await ben.goto(link);
  await ben.getByText('Do you want to join this group?').waitFor();
  await dialog(ben).getByRole('button', { name: 'Join' }).click();
  await ben.getByRole('heading', { name: 'Open house' }).waitFor();
  await ann.getByRole('log').getByText(`${ben.who} joined`).waitFor();
  await member(ann, ben.who).waitFor();
  await ann.getByText('used once').waitFor();
  await ann.getByRole('button', { name: 'Take back' }).click();
  await gone(ann.getByText('used once'));
  const cat = await newcomer('cat', { url: link });
  await dialog(cat).getByRole('button', { name: 'Join' }).click();
  await cat.getByRole('alert').getByText('This does not exist').waitFor();
  await done();
});

test('an admin deletes what a member wrote', async () => {
  const [ann, ben] = [await person('ann'), await person('ben')];
  await begin(ann, [ben.who], 'Rules');
  await open(ben, 'Rules');
  await write(ben, 'something rude');
  await ann.locator('.said', { hasText: 'rude' }).hover();
  await ann.locator('.said', { hasText: 'rude' }).getByRole('button', { name: 'What to do' }).click();
  await ann.getByRole('button', { name: 'Delete for everybody' }).click();
  await ann.getByRole('button', { name: 'Delete', exact: true }).click();
  await ben.locator('.bubble', { hasText: 'This message was deleted' }).waitFor();
  await done();
});

test('blocked: nothing comes; unblocked: it does', async () => {
  const { ann, ben } = await couple();
  await write(ann, 'hello');
  await ben.locator('.bubble', { hasText: 'hello' }).waitFor();
  await ben.getByRole('button', { name: 'About this person' }).click();
  await ben.getByRole('button', { name: 'Block', exact: true }).click();
  await ben.getByText(`Block ${ann.who}?`).waitFor();
  await ben.getByRole('button', { name: 'Block', exact: true }).click();
  await ben.getByText('You have blocked this person').waitFor();
  await shot(ben, 'blocked');
  await ann.getByText(`${ben.who} does not take messages here any more`).last().waitFor();
  await write(ann, 'why?');
  await ann.getByText('Not sent. You may not do this.').waitFor();
  await ben.getByRole('button', { name: 'Close' }).click();
  await ben.getByRole('button', { name: 'Settings' }).click();
  await ben.getByText('Blocked people').waitFor();
  await ben.getByRole('button', { name: 'Unblock' }).click();
  await ben.getByText('Blocked people').waitFor({ state: 'detached' });
  await ann.getByRole('button', { name: 'Try again' }).click();
  await ben.locator('.bubble', { hasText: 'why?' }).waitFor();
  await done();
});

test('devices: seen, and logged out from afar', async () => {
  const ann = await person('ann');
  const other = keep(await openPage(browser(), cluster.balancer));
  await other.getByLabel('Name', { exact: true }).fill(ann.who);
  await other.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await other.getByRole('button', { name: 'Log in', exact: true }).click();
  await other.getByRole('tab').first().waitFor();
  await ann.getByRole('button', { name: 'Settings' }).click();
  const devices = ann.getByRole('region', { name: 'Devices' });
  await devices.getByText('this one').waitFor();
  await counts(devices.getByRole('listitem'), 2);
  await shot(ann, 'devices');
  await devices.getByRole('listitem').getByRole('button', { name: 'Log out' }).click();
  await other.getByText('You were logged out. Log in again.').waitFor();
  await counts(devices.getByRole('listitem'), 1);
  await done();
});

test('people are found by how their names begin', async () => {
  const ann = await person('ann');
  const ben = await person('Bartholomew');
  await ann.getByRole('tab', { name: 'Friends' }).click();
  await ann.getByLabel('Add a friend by name').fill(ben.who.slice(0, -2).toLowerCase());
  await ann.getByRole('list', { name: 'Found' }).getByRole('button', { name: ben.who }).click();
  await ann.getByText('You asked').waitFor();
  await done();
});

test('a notification when one is not looking, if one asked for it', async () => {
  const { ann, ben } = await couple();
  await ben.context().grantPermissions(['notifications']);
  await ben.evaluate(() => {
    window.told = [];
    window.Notification = class {
      static permission = 'granted';
      static requestPermission = async () => 'granted';
      constructor(title, options) {
        window.told.push([title, options.body]);
      }
    };
    document.hasFocus = () => false;
  });
  await write(ann, 'before it was asked for');
  await ben.locator('.bubble', { hasText: 'before' }).waitFor();
  await ben.getByRole('button', { name: 'Settings' }).click();
  await ben.getByLabel('Tell me when this page is hidden').check();
  await ben.getByRole('button', { name: 'Close' }).click();
  await write(ann, '안녕');
  await becomes(() => ben.evaluate(() => window.told), [[ann.who, '안녕']]);
  await until(async () => /^\(2\) /.test(await ben.title()), 'the title');
  await ben.locator('link[rel=icon][href*=unread]').waitFor({ state: 'attached' });
  await done();
});

test('the dialogs on a phone of 360 px, in Korean, light and dark', async () => {
  const june = await person('june', { ...PHONE, locale: 'ko-KR' });
  const ann = await person('ann');
  await begin(ann, [june.who], '산책');
  await june.locator('button.entry', { hasText: '산책' }).tap();
  await june.getByRole('button', { name: '모임 정보' }).tap();
  await june.getByRole('dialog').getByText('모임장').waitFor();
  for (const colorScheme of ['light', 'dark']) {
    await june.emulateMedia({ colorScheme });
    await accessible(june);
    await fits(june);
    await shot(june, `phone-360-group-${colorScheme}`);
  }
  await june.getByRole('button', { name: '닫기' }).tap();
  await june.getByRole('button', { name: '뒤로' }).tap();
  await june.getByRole('button', { name: '설정' }).tap();
  await june.getByRole('region', { name: '기기' }).getByText('지금 이 기기').waitFor();
  await accessible(june);
  await shot(june, 'phone-360-settings');
  await fits(june);
  await done();
});
