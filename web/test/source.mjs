// Imports a source file of the page or the SDK, compiled on the way.
import { build } from 'esbuild';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export async function source(file) {
  const folder = mkdtempSync(path.join(tmpdir(), 'moim-source-'));
  try {
    const outfile = path.join(folder, 'out.mjs');
    await build({
      entryPoints: [fileURLToPath(new URL(`../${file}`, import.meta.url))],
      outfile,
      bundle: true,
      format: 'esm',
      jsx: 'automatic',
      jsxImportSource: 'preact',
    });
    return await import(pathToFileURL(outfile));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
