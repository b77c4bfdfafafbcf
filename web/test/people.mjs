// People for the page's tests: pages with new users, and what they do often.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { afterEach } from 'node:test';
import { signup } from '../dist/moim.js';
import { PASSWORD, cluster, launch, openPage, signUp } from './browser.mjs';

export const KOREAN = { toSignup: /처음이신가요/, name: '이름', password: '비밀번호', go: '가입하기' };
export const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };
let chromium;
let pages = [];

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

/** All of one length: none is a part of another. */
const unique = (name) => name + String(randomInt(1e8)).padStart(8, '0');

/** A page with a new user of this name, made unique unless it is `exact`, who
 *  has signed up by the page's form. */
export async function newcomer(name, { url = cluster.balancer, exact, before, ...options } = {}) {
  const page = keep(await openPage(chromium, url, options, before));
  page.who = exact ? name : unique(name);
  await signUp(page, page.who, options.locale === 'ko-KR' ? KOREAN : undefined);
  return page;
}

/** The same without the form, which costs more than what most tests ask. */
export async function person(name, { exact, ...options } = {}) {
  return enter(await signup(cluster.balancer, exact ? name : unique(name), PASSWORD), options);
}

/** A page of a browser of its own that the account is logged in on. */
export async function enter({ user, name, token }, { url = cluster.balancer, before, ...options } = {}) {
  const session = { name: 'moim.session', value: JSON.stringify({ user, name, token }) };
  const storageState = { cookies: [], origins: [{ origin: cluster.balancer, localStorage: [session] }] };
  const page = keep(await openPage(chromium, url, { storageState, ...options }, before));
  page.who = name;
  page.account = { user, name, token };
  await page.getByRole('tab').first().waitFor();
  return page;
}

/** What the server answers to one command of the account. */
export async function command({ token }, body) {
  const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` };
  const reply = await fetch(`${cluster.balancer}/v1/cmd`, { method: 'POST', headers, body: JSON.stringify({ id: '1', ...body }) });
  return reply.json();
}

async function leave() {
  const open = pages;
  pages = [];
  await Promise.all(open.map((p) => p.context().close()));
}
afterEach(leave); // what a test that failed has left does not disturb the next

/** Ends a test: nothing was said on any console, every context closes. */
export async function done() {
  const said = pages.flatMap((p) => p.complaints);
  await leave();
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
  await opened(page, title ?? others[0]);
}

/** The conversation of this title in the list, whoever is named beside it. */
export const entry = (page, title) =>
  page.locator('button.entry', { has: page.locator('strong', { hasText: new RegExp(`^${title}$`) }) });

/** Until then what is typed goes to the one that was open before. */
const opened = (page, title) => page.locator('.chat').getByRole('heading', { name: title, exact: true }).waitFor();

export async function open(page, title) {
  await entry(page, title).click();
  await opened(page, title);
}

/** Two people in a conversation of two, both looking at it. */
export async function couple() {
  const accounts = await Promise.all(['ann', 'ben'].map((name) => signup(cluster.balancer, unique(name), PASSWORD)));
  const [a, b] = accounts;
  const { conv } = await command(a, { type: 'direct.open', user: b.user });
  const url = `${cluster.balancer}/#c/${conv}`;
  const [ann, ben] = await Promise.all(accounts.map((account) => enter(account, { url })));
  for (const page of [ann, ben]) await page.getByRole('textbox', { name: /^Message to/ }).waitFor();
  return { ann, ben };
}
