// The operator's page in a real browser against real gateways: what it shows
// of them, and what its buttons do. The last test leaves gateways behind that
// have ended.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, becomes, cluster, control, during, fits, gone, launch, openPage, shot, until } from './browser.mjs';
import { account, closeAll, live } from './sdk.mjs';

const PHONE = { viewport: { width: 360, height: 780 }, locale: 'ko-KR', colorScheme: 'dark', hasTouch: true, isMobile: true };
let browser;
let talk; // two people whose messages are the traffic

before(async () => {
  browser = await launch();
  const [a, b] = [await account('ann'), await account('ben')];
  const ann = await live(a, cluster.gateways[0]);
  const conv = await ann.openDirect(b.user);
  await live(b, cluster.gateways[1]);
  talk = setInterval(() => ann.send(conv, 'hello'), 100);
});
after(async () => {
  clearInterval(talk);
  closeAll();
  await browser.close();
});

const row = (page, name) => page.locator('tbody tr', { has: page.locator('.name b', { hasText: name }) });
const state = (page, name) => row(page, name).locator('.badge');
const tile = (page, name) => page.locator('.tile', { hasText: name }).locator('dd');
const number = async (place) => Number((await place.innerText()).replace(/[^\d.]/g, ''));

/** Presses again what was pressed, or both: it forgets after four seconds. */
function twice(page, word, name) {
  const press = (said) =>
    page.getByRole('button', { name: `${said} ${name}` }).click({ timeout: 1_000 }).then(() => true, () => false);
  return until(async () => (await press('Sure?')) || (await press(word), false), `${word} ${name}`);
}

async function done(page) {
  const said = page.complaints;
  await page.context().close();
  assert.deepEqual(said, []);
}

test('three gateways, the presence service, their stores', async () => {
  const page = await openPage(browser, cluster.ops);
  await page.getByText('3 of 3 ready').waitFor();
  for (const name of ['g1', 'g2', 'g3', 'p1']) {
    await state(page, name).getByText('ready', { exact: true }).waitFor();
  }
  await becomes(() => number(tile(page, 'Sessions')), 2);
  await becomes(() => number(tile(page, 'Users online')), 2);
  for (const [name, sessions] of [['g1', '1'], ['g2', '1'], ['g3', '0']]) {
    await row(page, name).locator('td').nth(1).getByText(sessions, { exact: true }).waitFor();
    await row(page, name).locator('.checks').getByText('6/6', { exact: true }).waitFor();
  }
  await row(page, 'p1').locator('td').nth(3).getByText('8', { exact: true }).waitFor();
  for (const store of ['Redis', 'PostgreSQL']) {
    await page.locator('.stores .card', { hasText: store }).getByText('connected', { exact: true }).waitFor();
  }
  await done(page);
});

test('rates and percentiles move with the traffic', async () => {
  const page = await openPage(browser, cluster.ops);
  await until(async () => (await number(tile(page, 'Messages in'))) > 2, 'messages come in');
  await until(async () => (await number(tile(page, 'Messages out'))) > 2, 'messages go out');
  await until(async () => (await number(tile(page, 'p99'))) > 0, 'they take time');
  await until(async () => /^[\d.]+ m?s · [\d.]+ m?s · [\d.]+ m?s$/.test(await row(page, 'g1').locator('td').nth(4).innerText()), 'g1 acks');
  await becomes(() => row(page, 'g3').locator('td').nth(4).innerText(), '– · – · –');
  const line = page.getByRole('img', { name: /^Messages a second: In [\d.]+, Out [\d.]+$/ }).locator('path').nth(1);
  await until(async () => ((await line.getAttribute('d')).match(/L/g) ?? []).length > 3, 'a line is drawn');
  await accessible(page);
  await shot(page, 'ops-light');
  await page.getByRole('button', { name: 'Light or dark' }).click();
  await shot(page, 'ops-dark');
  await accessible(page);
  await page.reload();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
  await done(page);
});

test('a phone, in Korean, in the dark', async () => {
  const page = await openPage(browser, cluster.ops, PHONE);
  await page.getByText('3/3 정상').waitFor();
  await until(async () => (await number(tile(page, '받은 메시지'))) > 2, 'messages come in');
  await fits(page);
  await accessible(page);
  await shot(page, 'ops-phone');
  await page.getByRole('heading', { name: '게이트웨이' }).evaluate((h) => h.scrollIntoView());
  await shot(page, 'ops-phone-gateways');
  await page.getByRole('button', { name: 'English' }).click();
  await page.getByText('3 of 3 ready').waitFor();
  await done(page);
});

test('a store that is away is seen, and what was said about it', async () => {
  const page = await openPage(browser, cluster.ops);
  await page.getByText('3 of 3 ready').waitFor();
  const errors = page.getByRole('region', { name: 'Last errors and warnings' });
  await during('kill', ['postgres'], async () => {
    await page.locator('.stores .card', { hasText: 'PostgreSQL' }).getByText('not everywhere connected').waitFor();
    await row(page, 'g1').locator('.checks .bad', { hasText: 'directory' }).waitFor();
    await errors.getByText('pg_down').first().waitFor();
  });
  await page.locator('.stores .card', { hasText: 'PostgreSQL' }).getByText('connected', { exact: true }).waitFor();
  await errors.scrollIntoViewIfNeeded();
  await shot(page, 'ops-errors');
  await done(page);
});

test('drain and kill, each asked twice', async () => {
  const page = await openPage(browser, cluster.ops);
  await state(page, 'g1').getByText('ready', { exact: true }).waitFor();
  const button = (name) => page.getByRole('button', { name });
  await until(async () => {
    await button('Drain g1').click();
    return button('Sure? g1').waitFor({ timeout: 1_000 }).then(() => true, () => false);
  }, 'asked again');
  await state(page, 'g1').getByText('ready', { exact: true }).waitFor(); // not yet
  await twice(page, 'Drain', 'g1');
  await page.getByRole('status').getByText('g1 drains').waitFor();
  await control('gone', 'gateway1');
  await state(page, 'g1').getByText('away').waitFor();
  await page.getByText('2 of 3 ready').waitFor();
  await gone(page.getByRole('button', { name: 'Drain g1' }));
  // What it said last is still there, and says who asked.
  await page.getByRole('region', { name: 'Last errors and warnings' }).getByText('ops_drain').waitFor();

  await twice(page, 'Kill', 'g2');
  await control('gone', 'gateway2');
  await page.getByText('1 of 3 ready').waitFor();
  await shot(page, 'ops-away');

  // It looks at the others through this one: they may well be there.
  await control('kill', 'gateway3');
  await page.getByRole('status').getByText('does not answer').waitFor();
  for (const name of ['g1', 'g3', 'p1']) await state(page, name).getByText('asking…').waitFor();
  await control('start', 'gateway3');
  await page.getByText('1 of 3 ready').waitFor();
  await done(page);
});
