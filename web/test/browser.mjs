// What the browser tests share: Chromium, people in contexts of their own, and
// the cluster they talk to. Nothing here is expected within a time: the
// patience is for a loaded machine, and ends only what would hang.
//
// What one page has seen says nothing about another: whoever looks at a page
// waits for what it shall show (shows, counts, gone, becomes).
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { chromium } from 'playwright-core';

export const cluster = JSON.parse(process.env.MOIM_TEST ?? '{}');
export const PATIENCE_MS = 45_000;
export const PASSWORD = 'correct horse battery staple';
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const shots = fileURLToPath(new URL('../../build/screenshots', import.meta.url));

/** Does something to a process of the cluster: control('kill', 'gateway1'). */
export async function control(verb, name) {
  const reply = await fetch(`${cluster.control}/${verb}/${name}`, { method: 'POST' });
  if (!reply.ok) throw new Error(`${verb} ${name}: ${reply.status}`);
}

/** Whether the balancer has a gateway: it looks at them now and then only. */
const served = () => fetch(`${cluster.balancer}/healthz`).then((reply) => reply.ok, () => false);

/** `what` happens while these processes are killed, or with 'pause' are held.
 *  They are back when it ends, also by a failure: others need them. */
export async function during(verb, names, what) {
  await Promise.all(names.map((name) => control(verb, name)));
  try {
    await what();
  } finally {
    for (const name of names) await control({ kill: 'start', pause: 'resume' }[verb], name);
    await until(served, 'served again');
  }
}

/** A line for the fault proxy, before `cluster.proxied`. */
export async function tell(line) {
  const reply = await fetch(`${cluster.control}/tell`, { method: 'POST', body: line });
  if (!reply.ok) throw new Error(`${line}: ${reply.status}`);
}

/** The browser says that the network is back: the page looks at once. */
export const online = (page) => page.evaluate(() => window.dispatchEvent(new Event('online')));

export function launch() {
  return chromium.launch({
    executablePath: process.env.MOIM_CHROMIUM ?? '/usr/bin/chromium',
    chromiumSandbox: false,
    args: [
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** A context of its own with the page open; what the page complains about on
 *  its console is kept in `page.complaints`. */
export async function openPage(browser, url, options = {}, before = () => {}) {
  const context = await browser.newContext({
    locale: 'en-GB',
    viewport: { width: 1180, height: 760 },
    reducedMotion: 'reduce', // nothing is clicked, judged or shot half way
    ...options,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  page.complaints = [];
  page.on('pageerror', (e) => page.complaints.push(String(e)));
  page.on('console', (m) => {
    if (/Content Security Policy|Refused to/.test(m.text())) page.complaints.push(m.text());
  });
  await before(page);
  await page.goto(url);
  return page;
}

/** Signs a new user up through the form. */
export async function signUp(page, name, words = { toSignup: /New here/, name: 'Name', password: 'Password', go: 'Sign up' }) {
  await page.getByRole('button', { name: words.toSignup }).click();
  await page.getByLabel(words.name, { exact: true }).fill(name);
  await page.getByLabel(words.password, { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: words.go, exact: true }).click();
  await page.getByRole('tab').first().waitFor();
}

export async function shot(page, name) {
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: path.join(shots, `${name}.png`) });
}

export async function until(truth, what, ms = PATIENCE_MS) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await truth();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((r) => setTimeout(r, 50));
  }
}

/** Waits until `look` sees `want`; else fails with the difference. */
export async function becomes(look, want) {
  const end = Date.now() + PATIENCE_MS;
  let seen = await look();
  while (!isDeepStrictEqual(seen, want) && Date.now() < end) {
    await new Promise((r) => setTimeout(r, 50));
    seen = await look();
  }
  assert.deepEqual(seen, want);
}

export const counts = (place, n) => becomes(() => place.count(), n);
export const gone = (place) => counts(place, 0);

/** Waits until the bubbles of the open conversation are these, top to bottom. */
export const shows = (page, texts) => becomes(() => page.locator('.bubble').allInnerTexts(), texts);

/** Waits until everything that was written on this page is in the log. */
export const sent = (page) => gone(page.locator('.pending'));

/** The line that says that somebody types. */
export const typing = (page) => page.locator('.typing.on');

export async function write(page, text) {
  const field = page.getByRole('textbox', { name: /^Message to|에 메시지 쓰기$/ });
  await field.fill(text);
  await field.press('Enter');
}

/** Types a little at a time until it is `seen`: it is told now and then. */
export async function typeUntilSeen(page, text, seen) {
  const field = page.locator('textarea');
  await until(async () => {
    await field.fill('');
    await field.pressSequentially(text);
    return seen.waitFor({ timeout: 500 }).then(() => true, () => false);
  }, 'typing is seen');
}

/** Axe finds nothing that keeps people out. */
export async function accessible(page) {
  await page.evaluate(axe); // the policy forbids a script element, not what a debugger says
  const serious = async () => {
    const found = await page.evaluate(() => window.axe.run());
    return found.violations
      .filter((v) => v.impact === 'serious' || v.impact === 'critical')
      .map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`);
  };
  await becomes(serious, []);
}

/** Nothing stands out to the side. */
export const fits = (page) => becomes(() => page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0);
