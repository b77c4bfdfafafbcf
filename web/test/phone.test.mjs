// What the other files show on a wide screen in English, on a phone in Korean:
// friends, groups, invites, searching, reacting, deleting, blocking.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, fits, shot, write } from './browser.mjs';
import { PHONE, done, entry, newcomer, open, person, start, stop } from './people.mjs';

before(start);
after(stop);

const june = { page: undefined };
const button = (name) => june.page.getByRole('button', { name, exact: true });
const dialog = () => june.page.getByRole('dialog');
const bubble = (page, text) => page.locator('.bubble', { hasText: text });

async function looksWell(name) {
  await fits(june.page);
  await accessible(june.page);
  await shot(june.page, `phone-360-${name}`);
}

/** june's list, from wherever she is. */
const back = () => button('뒤로').tap();

async function act(text, what) {
  await june.page.locator('.said', { hasText: text }).getByRole('button', { name: '이 메시지로 할 일' }).tap();
  await dialog().getByRole('button', { name: what }).tap();
}

test('one phone, in Korean: from the first day to a quarrel', async () => {
  const ben = await person('ben');
  june.page = await newcomer('june', { ...PHONE, locale: 'ko-KR' });
  const { page } = june;

  // Friends.
  await page.getByRole('tab', { name: '친구' }).tap();
  await page.getByLabel('이름으로 친구 추가').fill(ben.who);
  await button('요청').tap();
  await page.getByText('요청을 보냈어요').waitFor();
  await ben.getByRole('tab', { name: 'Friends' }).click();
  await ben.getByRole('button', { name: 'Accept' }).click();
  await ben.getByRole('tab', { name: 'Chats' }).click();
  await button('메시지').waitFor();
  await looksWell('friends');
  await button('메시지').tap();

  // Messages: written, counted, found, reacted to, deleted.
  await write(page, '안녕! 처음이야');
  await open(ben, june.page.who);
  await write(ben, 'hello, and welcome');
  await bubble(page, 'welcome').waitFor();
  await act('welcome', '🎉 공감');
  await ben.getByRole('button', { name: `🎉 ${page.who}` }).waitFor();
  await back();
  await write(ben, 'how is it?');
  await entry(page, ben.who).getByLabel('읽지 않은 메시지 1개').waitFor();
  await entry(page, ben.who).getByText('how is it?').waitFor();
  await entry(page, ben.who).tap();
  await write(page, '안녕히 가세요');
  await page.getByRole('img', { name: '읽음' }).last().waitFor();
  await button('이 대화에서 찾기').tap();
  await page.getByRole('searchbox', { name: '이 대화에서 찾기' }).fill('안녕');
  await page.getByText('2개 중 1번째').waitFor();
  await button('이전').tap();
  await page.getByText('2개 중 2번째').waitFor();
  await page.locator('.found', { hasText: '처음이야' }).waitFor();
  await button('최신 메시지로').waitFor({ state: 'detached' }); // it is in sight
  await looksWell('search');
  await button('닫기').tap();
  await act('가세요', '모두에게서 삭제');
  await dialog().getByRole('button', { name: '삭제', exact: true }).tap();
  await bubble(page, '삭제된 메시지예요').waitFor();
  await bubble(ben, 'This message was deleted').waitFor();

  // A group with a role and a link.
  await back();
  await button('새 대화').tap();
  await dialog().getByRole('list', { name: '친구' }).getByRole('button', { name: ben.who }).tap();
  await page.getByLabel('모임 이름').fill('산책');
  await looksWell('new');
  await button('모임 만들기').tap();
  await page.locator('header').getByText('멤버 2명').waitFor();
  await button('모임 정보').tap();
  const member = dialog().getByRole('listitem').filter({ hasText: ben.who });
  await member.locator('summary').tap();
  await member.getByRole('button', { name: '관리자로' }).tap();
  await member.getByText('관리자', { exact: true }).waitFor();
  await button('초대 링크 만들기').tap();
  assert.match(await page.getByLabel('초대 링크').inputValue(), /#join\//);
  await looksWell('invite');
  await button('닫기').tap();
  await page.getByRole('log').getByText(`${page.who}님이 ${ben.who}님을 관리자로 정했어요`).waitFor();

  // And blocked.
  await back();
  await entry(page, ben.who).tap();
  await button('상대방 정보').tap();
  await button('차단').tap();
  await page.getByText(`${ben.who}님을 차단할까요?`).waitFor();
  await button('차단').tap();
  await page.getByText('차단한 사람이에요').waitFor();
  await looksWell('blocked');
  await ben.getByText(`${page.who} does not take messages here any more`).last().waitFor();
  await done();
});
