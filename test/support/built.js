/**
 * A part of the sources as plain JavaScript, bundled for one run: for commands that need more than the package exports.
 */
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'tsdown';

/** What `entry` exports, a TypeScript file by its path from the root of the package. */
export async function built(entry) {
  const root = join(import.meta.dirname, '../..');
  const name = basename(entry, '.ts');
  // Inside of the package, so that what is imported is found.
  const outDir = join(root, 'node_modules/.cache', `built-${name}-${process.pid}`);
  try {
    await build({
      config: false,
      cwd: root,
      entry: { [name]: entry },
      outDir,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      dts: false,
      sourcemap: 'inline',
      fixedExtension: true,
      clean: false,
      logLevel: 'error',
      skipNodeModulesBundle: true,
    });
    process.setSourceMapsEnabled(true);
    return await import(pathToFileURL(join(outDir, `${name}.mjs`)).href);
  } finally {
    await rm(outDir, { recursive: true, force: true });
  }
}
