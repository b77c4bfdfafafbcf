// What the browser tests share: Chromium, people in contexts of their own, and
// the cluster they talk to. Nothing here is expected within a time: the
// patience is for a loaded machine, and ends only what would hang.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

export const cluster = JSON.parse(process.env.MOIM_TEST ?? '{}');
export const PATIENCE_MS = 45_000;
export const PASSWORD = 'correct horse battery staple';
const shots = fileURLToPath(new URL('../../build/screenshots', import.meta.url));

/** Does something to a process of the cluster: control('kill', 'gateway1'). */
export async function control(verb, name) {
  const reply = await fetch(`${cluster.control}/${verb}/${name}`, { method: 'POST' });
  if (!reply.ok) throw new Error(`${verb} ${name}: ${reply.status}`);
}

/** A line for the fault proxy, before `cluster.proxied`. */
export async function tell(line) {
  const reply = await fetch(`${cluster.control}/tell`, { method: 'POST', body: line });
  if (!reply.ok) throw new Error(`${line}: ${reply.status}`);
}

/** Whether the balancer has a gateway: it looks at them now and then only. */
export const served = () => fetch(`${cluster.balancer}/healthz`).then((reply) => reply.ok, () => false);

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

/** The bubbles of the open conversation, top to bottom. */
export function bubbles(page) {
  return page.locator('.bubble').allInnerTexts();
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

export async function write(page, text) {
  const field = page.getByRole('textbox', { name: /^Message to|에 메시지 쓰기$/ });
  await field.fill(text);
  await field.press('Enter');
}

/** Types a little at a time until `other` shows it: it is told now and then. */
export async function typeUntilSeen(page, text, other) {
  const field = page.locator('textarea');
  await until(async () => {
    await field.fill('');
    await field.pressSequentially(text);
    return other.locator('.typing.on').waitFor({ timeout: 500 }).then(() => true, () => false);
  }, 'typing is seen');
}
