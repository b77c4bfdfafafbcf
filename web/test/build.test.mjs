// The committed build is what the sources build, and stays small.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const web = fileURLToPath(new URL('..', import.meta.url));
const SOURCES = ['package.json', 'package-lock.json', 'tsconfig.json', 'vite.config.ts', 'build.mjs', 'sdk', 'app', 'ops'];
const PAGE_MAX = 50 * 1024;
const SDK_MAX = 10 * 1024;
const OPS_MAX = 15 * 1024;

function files(folder, below = '') {
  return readdirSync(path.join(folder, below))
    .sort()
    .flatMap((name) => {
      const file = path.join(below, name);
      return statSync(path.join(folder, file)).isDirectory() ? files(folder, file) : [file];
    });
}

test('dist is what the sources build', () => {
  const copy = mkdtempSync(path.join(tmpdir(), 'moim-web-'));
  try {
    for (const name of SOURCES) cpSync(path.join(web, name), path.join(copy, name), { recursive: true });
    // The tools are those of the lock file: run.sh sees to that.
    symlinkSync(path.join(web, 'node_modules'), path.join(copy, 'node_modules'));
    execFileSync('npm', ['run', 'build'], { cwd: copy, stdio: 'pipe', env: { ...process.env, CI: '1' } });
    for (const folder of ['dist', 'dist-ops']) {
      const [have, want] = [path.join(web, folder), path.join(copy, folder)];
      assert.deepEqual(files(have), files(want), `run "npm run build" in web and commit ${folder}`);
      for (const file of files(want).filter((f) => !f.endsWith('.gz'))) {
        assert.ok(readFileSync(path.join(have, file)).equals(readFileSync(path.join(want, file))), `${file} is stale`);
      }
    }
  } finally {
    rmSync(copy, { recursive: true });
  }
});

test('every packed file holds its neighbour', () => {
  for (const [folder, least] of [['dist', 4], ['dist-ops', 3]]) {
    const dist = path.join(web, folder);
    const packed = files(dist).filter((f) => f.endsWith('.gz'));
    assert.ok(packed.length >= least);
    for (const file of packed) {
      const plain = readFileSync(path.join(dist, file.slice(0, -3)));
      assert.ok(gunzipSync(readFileSync(path.join(dist, file))).equals(plain), file);
    }
  }
});

test('the pages and the SDK are small', () => {
  const dist = path.join(web, 'dist');
  const size = (file) => statSync(path.join(dist, file)).size;
  const page = files(dist).filter((f) => f.endsWith('.gz') && f !== 'moim.js.gz');
  assert.ok(size('moim.js.gz') <= SDK_MAX, `the SDK has ${size('moim.js.gz')} bytes`);
  const all = page.reduce((sum, file) => sum + size(file), 0);
  assert.ok(all <= PAGE_MAX, `the page has ${all} bytes`);
  const packed = files(path.join(web, 'dist-ops')).filter((f) => f.endsWith('.gz'));
  const ops = packed.reduce((sum, file) => sum + statSync(path.join(web, 'dist-ops', file)).size, 0);
  assert.ok(ops <= OPS_MAX, `the operator's page has ${ops} bytes`);
});

test('no file is long, none is for later', () => {
  for (const folder of ['sdk', 'app', 'ops', 'test']) {
    for (const file of files(path.join(web, folder)).filter((f) => /\.(ts|tsx|mjs|css)$/.test(f))) {
      const text = readFileSync(path.join(web, folder, file), 'utf8');
      assert.ok(text.split('\n').length <= 450, `${file} is too long`);
      assert.ok(!/\b(TODO|FIXME)\b/.test(text) || file === 'build.test.mjs', `${file} is unfinished`);
    }
  }
});
