// How it looks: three friends plan a weekend, wide and on a phone, light and
// dark, in English and in Korean. The README shows four of the pictures.
import { after, before, test } from 'node:test';
import { accessible, fits, shot, typeUntilSeen, typing, write } from './browser.mjs';
import { begin, done, entry, open, person, start, stop } from './people.mjs';

before(start);
after(stop);

const PHONE = { viewport: { width: 360, height: 720 }, hasTouch: true, isMobile: true, deviceScaleFactor: 1.5 };
const WIDE = { viewport: { width: 1100, height: 720 } };
const said = (page, text) => page.locator('.said', { hasText: text }).first();

async function pick(page, text, actions, what) {
  await said(page, text).hover();
  await said(page, text).getByRole('button', { name: actions }).click();
  await page.getByRole('dialog').getByRole('button', { name: what, exact: true }).click();
}

test('a weekend is planned', async () => {
  const en = 'What to do with this message';
  const ko = '이 메시지로 할 일';
  const minseo = await person('Minseo', { exact: true, ...WIDE });
  const june = await person('지은', { exact: true, ...PHONE, locale: 'ko-KR', colorScheme: 'dark' });
  const alex = await person('Alex', { exact: true, ...WIDE, locale: 'ko-KR', colorScheme: 'dark' });
  await begin(minseo, [june.who, alex.who], '주말 등산');
  await write(minseo, 'Saturday at eight, at the foot of Bukhansan?');
  await open(june, '주말 등산');
  await said(june, 'Bukhansan').waitFor();
  await pick(june, 'Bukhansan', ko, '답장');
  await write(june, '좋아! 길이 막히면 조금 늦을 수도 있어 🙏');
  await open(alex, '주말 등산');
  await said(alex, '길이 막히면').waitFor();
  await pick(alex, 'Bukhansan', ko, '👍 공감');
  await write(alex, 'I bring the breakfast 🥐');
  await pick(june, 'Bukhansan', ko, '👍 공감');
  await pick(june, 'breakfast', ko, '❤️ 공감');
  await minseo.locator('textarea').fill('@Al');
  await minseo.locator('textarea').press('End');
  await minseo.getByRole('option', { name: 'Alex' }).waitFor();
  await minseo.locator('textarea').press('Enter');
  await minseo.locator('textarea').pressSequentially('you are a hero. The map: https://example.org/map');
  await minseo.locator('textarea').press('Enter');
  await alex.locator('.mention.me').waitFor();
  await write(minseo, 'Bring warm things, it is cold up there!');
  await said(june, 'warm').waitFor();
  await pick(june, 'warm', ko, '😮 공감');
  await begin(minseo, [june.who]);
  await write(minseo, 'Shall I pick you up?');
  await entry(june, 'Minseo').waitFor({ state: 'attached' });
  await open(minseo, '주말 등산');
  await said(minseo, 'warm').getByRole('button', { name: '😮 지은' }).waitFor();
  await minseo.getByRole('img', { name: 'Read', exact: true }).last().waitFor();
  await typeUntilSeen(june, '그때', typing(minseo));
  await minseo.mouse.move(0, 0);
  await shot(minseo, 'readme-wide-light');
  await alex.mouse.move(0, 0);
  await shot(alex, 'readme-wide-dark-korean');
  await shot(june, 'readme-phone-dark-korean');
  await june.getByRole('button', { name: '뒤로' }).tap();
  await entry(june, 'Minseo').waitFor();
  await shot(june, 'phone-list-dark-korean');
  await june.emulateMedia({ colorScheme: 'light' });
  await shot(june, 'phone-list-light-korean');
  await entry(june, '주말 등산').tap();
  await said(june, 'breakfast').getByRole('button', { name: ko }).tap();
  await june.getByRole('button', { name: '👍 공감' }).waitFor();
  await shot(june, 'readme-phone-light-korean');
  await june.keyboard.press('Escape');
  await minseo.emulateMedia({ colorScheme: 'dark' });
  await shot(minseo, 'wide-dark-english');
  await pick(minseo, 'breakfast', en, 'Reply');
  await shot(minseo, 'wide-dark-reply');
  await minseo.setViewportSize({ width: 1920, height: 1080 });
  await fits(minseo);
  await shot(minseo, 'widest-dark');
  await minseo.setViewportSize({ width: 360, height: 720 });
  for (const page of [minseo, june, alex]) {
    await accessible(page);
    await fits(page);
  }
  await shot(minseo, 'phone-dark-english');
  await minseo.emulateMedia({ colorScheme: 'light' });
  await shot(minseo, 'phone-light-english');
  await done();
});
