/** Builds the package once before the tests, where the sources are newer: some tests run what ships. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';

/** The file that the build writes last may be any of these. */
const BUILT = ['dist/index.mjs', 'dist/index.cjs', 'dist/index.d.cts'];

export default function setup(): void {
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).map((file) => `src/${file}`);
  const newest = Math.max(...[...sources, 'tsdown.config.ts'].map(changed));
  if (BUILT.every((file) => existsSync(file) && changed(file) > newest)) return;
  execFileSync('npm', ['run', 'build'], { stdio: ['ignore', 'ignore', 'inherit'] });
}

function changed(file: string): number {
  return statSync(file).mtimeMs;
}
