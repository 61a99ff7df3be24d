/**
 * Checks the documentation: every link leads to a file and an anchor that exist, every page is in the index, none is
 * too long, and each guide ends in a file that runs. Run: `npm run check:docs`, or
 * `node .github/scripts/check-docs.js FOLDER` for another repository.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { readMarkdown } from './markdown.js';
import { repositoryOf } from './repository.js';

const MAX_LINES = 250;
const INDEX = 'docs/README.md';
const GUIDES = 'docs/guides/';
/** The last section of a guide. `test/docs` runs the files of `examples/guides`. */
const ENDING = 'A file that runs';
/** These folders are not in the repository, so a link must not lead into them. */
const OUTSIDE = new Set(['node_modules', 'dist', 'coverage', '.git']);

const root = resolve(process.argv[2] ?? join(import.meta.dirname, '../..'));
const repository = repositoryOf(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));

const files = filesOf(root);
const paths = new Set(files.flatMap(withFolders));
const pages = new Map(
  files.filter((file) => file.endsWith('.md')).map((file) => [file, readMarkdown(textOf(file))]),
);
const problems = [...[...pages].flatMap(problemsOf), ...missingInIndex(), ...brokenMentions()];

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
else console.log(`${pages.size} documents, ${countLinks()} links: all in order`);

function problemsOf([file, { links, undefinedLabels }]) {
  const found = undefinedLabels.map(
    ({ label, line }) => `${file}:${line}: no link is defined for [${label}]`,
  );
  for (const { target, line } of links) {
    const problem = problemOf(file, target);
    if (problem !== undefined) found.push(`${file}:${line}: ${problem}`);
  }
  const lines = textOf(file).trimEnd().split('\n').length;
  if (isPage(file) && lines > MAX_LINES) {
    found.push(
      `${file}: ${lines} lines, at most ${MAX_LINES} are allowed: give a part of it a page of its own`,
    );
  }
  if (file.startsWith(GUIDES) && !endsInFile(file, links)) {
    found.push(`${file}: a guide ends in the section "${ENDING}", which links to a file in examples/`);
  }
  return found;
}

function endsInFile(file, links) {
  const lines = textOf(file).split('\n');
  const last = lines.findLastIndex((line) => line.startsWith('## '));
  return (
    lines[last] === `## ${ENDING}` &&
    links.some(({ target, line }) => line > last && target.startsWith('../../examples/'))
  );
}

/** The checker does not follow links to other sites. */
function problemOf(file, target) {
  if (`${target}/`.startsWith(`${repository}/`)) {
    return /^\/(?:blob|tree|raw)\//.test(target.slice(repository.length))
      ? `${target} is a file of this repository: link to it relatively`
      : undefined;
  }
  if (/^(?:[a-z][a-z0-9+.-]*:|\/\/)/i.test(target)) return undefined;
  if (target === '' || target === '#') return 'a link without a target';
  if (target.startsWith('/')) return `${target} must be relative to the file that links to it`;

  const [path, anchor] = partsOf(target);
  if (path === undefined) return `${target} is encoded wrongly`;
  const to = path === '' ? file : relative(root, resolve(root, dirname(file), path)).replaceAll(sep, '/');
  if (!paths.has(to)) return `there is no ${to}`;
  if (anchor === undefined) return undefined;
  if (!pages.has(to)) return `${target} has an anchor, and ${to} is no Markdown file`;
  return pages.get(to).anchors.has(anchor) ? undefined : `there is no #${anchor} in ${to}`;
}

/** Splits a target into its path and, if there is one, its anchor. */
function partsOf(target) {
  const [path, ...rest] = target.split('#');
  try {
    return [path.split('?')[0], rest.length > 0 ? rest.join('#') : undefined].map(
      (part) => part && decodeURIComponent(part),
    );
  } catch {
    return [];
  }
}

function missingInIndex() {
  const listed = new Set(
    (pages.get(INDEX)?.links ?? []).map(({ target }) => join('docs', target.split('#')[0])),
  );
  return [...pages.keys()]
    .filter((file) => file.startsWith('docs/') && file !== INDEX && !listed.has(file))
    .map((file) => `${INDEX}: ${file} is not in the index`);
}

/** Docstrings and messages of the code name pages, too. */
function brokenMentions() {
  return files
    .filter((file) => /^(?:src|examples|bench)\/.*\.[cm]?[jt]s$/.test(file))
    .flatMap((file) =>
      [...textOf(file).matchAll(/\bdocs\/[\w/-]+\.md(?:#[\w-]+)?/g)]
        .map(([mention]) => problemOf('package.json', mention))
        .filter((problem) => problem !== undefined)
        .map((problem) => `${file}: ${problem}`),
    );
}

function isPage(file) {
  return file === 'README.md' || file.startsWith('docs/');
}

function countLinks() {
  return [...pages.values()].reduce((sum, { links }) => sum + links.length, 0);
}

function textOf(file) {
  return readFileSync(join(root, file), 'utf8');
}

/** Paths of all files, relative to the root, with slashes. */
function filesOf(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !OUTSIDE.has(name))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesOf(path) : [relative(root, path).replaceAll(sep, '/')];
    });
}

/** The folders of a file can be linked to, as well; the root is `''`. */
function withFolders(file) {
  const names = file.split('/');
  return [...names, ''].map((_, count) => names.slice(0, count).join('/'));
}
