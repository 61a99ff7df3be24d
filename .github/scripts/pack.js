/**
 * Packs the package for npm, as `npm pack` does, but with a README whose links lead to the repository: npm shows the
 * README without the other files. The tarball is made from a copy, so that nothing in this folder changes, whatever
 * fails. Run: `npm run pack`, or `npm run pack -- FOLDER` for a tarball in another folder. npm runs `prepack`, the
 * build, before it.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix, resolve } from 'node:path';
import { readMarkdown } from './markdown.js';
import { repositoryOf } from './repository.js';

const ROOT = resolve(import.meta.dirname, '../..');
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const destination = resolve(process.argv[2] ?? '.');

const copy = mkdtempSync(join(tmpdir(), 'convert-middleware-'));
try {
  for (const name of ['package.json', 'LICENSE', ...manifest.files]) {
    cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  }
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  writeFileSync(join(copy, 'README.md'), withAbsoluteLinks(readme, repositoryOf(manifest)));
  // The scripts of the manifest have nothing left to do in the copy.
  execFileSync('npm', ['pack', copy, '--ignore-scripts', '--pack-destination', destination], {
    stdio: 'inherit',
  });
} finally {
  rmSync(copy, { recursive: true, force: true });
}

/** Links within the README stay as they are. */
function withAbsoluteLinks(text, repository) {
  let result = text;
  const links = readMarkdown(text).links.filter(({ target }) => !/^(?:[a-z][a-z0-9+.-]*:|#)/i.test(target));
  // The last link comes first, so that the positions of the others hold.
  for (const { target, start, end } of links.toSorted((one, other) => other.start - one.start)) {
    const url = `${repository}/${viewOf(target)}/main/${posix.normalize(target)}`;
    result = result.slice(0, start) + url + result.slice(end);
  }
  return result;
}

/** GitHub serves images as files, and everything else in a page of its own. */
function viewOf(target) {
  if (/\.(?:png|svg|gif|jpe?g|webp)$/.test(target)) return 'raw';
  return statSync(join(ROOT, target.split('#')[0])).isDirectory() ? 'tree' : 'blob';
}
