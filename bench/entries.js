/** How much of our own code each public entry loads: the bytes of its file and of all that it imports from `dist`. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { entryOf } from './support/build.js';
import { printTable } from './support/table.js';

export const name = 'entries';
export const description = 'bytes of our own files that each public entry loads';

/**
 * Static imports and exports of files beside the importing one, as the bundler writes them: each on a line of its own.
 */
const IMPORT = /^(?:import|export)\b[^;\n]*["'](\.{1,2}\/[^"'\n]+)["'];?$/gm;

export function run() {
  printTable(
    ['entry', 'files', 'bytes'],
    entries().map(([title, entry]) => {
      const { files, bytes } = loadedBy(entryOf(entry));
      return [title, String(files), String(bytes)];
    }),
  );
}

export function runAgainst({ against }) {
  printTable(
    ['entry', 'files', 'other', 'bytes', 'other', 'this / other'],
    inBoth(against).map(([title, entry]) => {
      const [ours, theirs] = [entryOf(entry), entryOf(entry, against)].map(loadedBy);
      return [
        title,
        ...[ours, theirs].map(({ files }) => String(files)),
        ...[ours, theirs].map(({ bytes }) => String(bytes)),
        (ours.bytes / theirs.bytes).toFixed(3),
      ];
    }),
  );
}

/** The entries that the other build has, too. */
const inBoth = (against) => entries().filter(([, entry]) => existsSync(new URL(entryOf(entry, against))));

/** Of package.json: the title of each entry, and the name of its file. */
function entries() {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return Object.entries(manifest.exports)
    .filter(([, target]) => target.import !== undefined)
    .map(
      ([
        path,
        {
          import: { default: file },
        },
      ]) => [path.replace('.', manifest.name), /^\.\/dist\/(.+)\.mjs$/.exec(file)[1]],
    );
}

function loadedBy(entry) {
  const sizes = new Map();
  const due = [entry];
  while (due.length > 0) {
    const url = due.pop();
    if (sizes.has(url)) continue;
    const bytes = readFileSync(fileURLToPath(url));
    sizes.set(url, bytes.length);
    for (const [, file] of bytes.toString('utf8').matchAll(IMPORT)) due.push(new URL(file, url).href);
  }
  return { files: sizes.size, bytes: [...sizes.values()].reduce((sum, size) => sum + size, 0) };
}
