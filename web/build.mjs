// Builds what the gateway serves into dist/ (or the folder named): the page and
// its service worker, the SDK as one module for other applications, and a .gz
// beside each; and the operator's page into dist-ops/ (the same name and "-ops").
import { gzipSync } from 'node:zlib';
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, transformWithEsbuild } from 'vite';

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.resolve(process.argv[2] ?? path.join(here, 'dist'));
const opsOut = `${out}-ops`;
const SMALL = 512; // bytes: not worth another copy

await build({ configFile: path.join(here, 'vite.config.ts'), root: path.join(here, 'app'), logLevel: 'warn', build: { outDir: out } });
await build({
  configFile: path.join(here, 'vite.config.ts'),
  root: path.join(here, 'ops'),
  logLevel: 'warn',
  build: { outDir: opsOut },
});

/** One module from `entry`, without what it does not need. */
async function module(entry, name) {
  await build({
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    build: {
      outDir: out,
      emptyOutDir: false,
      target: 'es2020',
      reportCompressedSize: false,
      lib: { entry: path.join(here, entry), formats: ['es'], fileName: () => name },
      minify: 'esbuild',
    },
  });
  // Vite leaves a library's white space alone.
  const file = path.join(out, name);
  const { code } = await transformWithEsbuild(readFileSync(file, 'utf8'), file, { minify: true, format: 'esm', target: 'es2020', sourcemap: false });
  writeFileSync(file, code);
}

await module('sdk/index.ts', 'moim.js');
await module('app/push-worker.ts', 'push.js'); // whose name browsers remember

function* files(folder) {
  for (const name of readdirSync(folder).sort()) {
    const file = path.join(folder, name);
    if (statSync(file).isDirectory()) yield* files(file);
    else yield file;
  }
}

/** Packs every file of the folder; what they weigh together, but for `not`. */
function pack(folder, not) {
  let all = 0;
  for (const file of files(folder)) {
    const bytes = readFileSync(file);
    if (bytes.length < SMALL) continue;
    const small = gzipSync(bytes, { level: 9 });
    writeFileSync(`${file}.gz`, small);
    const name = path.relative(folder, file);
    if (name !== not) all += small.length;
    console.log(`${name.padEnd(34)} ${String(bytes.length).padStart(7)}  gzip ${String(small.length).padStart(6)}`);
  }
  return all;
}

console.log(`the page in all: gzip ${pack(out, 'moim.js')}`);
console.log(`the operator's page: gzip ${pack(opsOut)}`);
