// People for the page's tests: pages with new users, and what they do often.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cluster, launch, openPage, signUp } from './browser.mjs';

export const KOREAN = { toSignup: /처음이신가요/, name: '이름', password: '비밀번호', go: '가입하기' };
export const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let chromium;
let pages = [];
let count = 0;

export async function start() {
  chromium = await launch();
}
export const stop = () => chromium.close();
export const browser = () => chromium;

/** A page that ends with the test. */
export function keep(page) {
  pages.push(page);
  return page;
}


/** A page with a new user of this name, made unique unless it is `exact`. */
export async function person(name, { url = cluster.balancer, words, exact, before, ...options } = {}) {
  const page = await openPage(chromium, url, options, before);
  page.who = exact ? name : `${name}${Date.now() % 1e6}${count++}`;
  keep(page);
  await signUp(page, page.who, options.locale === 'ko-KR' ? KOREAN : words);
  return page;
}

/** Ends a test: nothing was said on any console, every context closes. */
export async function done() {
  const said = pages.flatMap((p) => p.complaints);
  await Promise.all(pages.map((p) => p.context().close()));
  pages = [];
  assert.deepEqual(said, []);
}

export async function begin(page, others, title) {
  await page.getByRole('button', { name: 'New conversation' }).click();
  for (const other of others) {
    await page.getByLabel('Add somebody by name').fill(other);
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByRole('list', { name: 'People' }).getByText(other).waitFor();
  }
  if (title) await page.getByLabel('Name of the group').fill(title);
  await page.getByRole('button', { name: title ? 'Make group' : 'Begin conversation' }).click();
  // Until then what is typed goes to the dialog, whatever stands behind it.
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByRole('textbox', { name: /^Message to/ }).waitFor();
}

export const entry = (page, title) => page.locator('button.entry', { hasText: title });
export const open = (page, title) => entry(page, title).click();

/** Two people in a conversation of two, both looking at it. */
export async function couple(options = {}) {
  const ann = await person('ann', options);
  const ben = await person('ben', options);
  await begin(ann, [ben.who]);
  await begin(ben, [ann.who]); // nobody is told of an empty conversation
  return { ann, ben };
}

/** What axe finds that keeps people out. */
export async function serious(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run());
  return found.violations
    .filter((v) => v.impact === 'serious' || v.impact === 'critical')
    .map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`);
}

/** Nothing stands out to the side. */
export async function fits(page) {
  const [wide, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.equal(wide, window);
}
