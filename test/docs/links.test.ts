/** `npm run check:docs`: documentation with a broken link or anchor, or with a page that is too long, does not pass. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/folder.js';

const ROOT = resolve(import.meta.dirname, '../..');
const CHECK = join(ROOT, '.github/scripts/check-docs.js');
const REPOSITORY = 'https://github.com/OWNER/convert-middleware';

/** Runs the checker on a repository: its complaints, one a line. */
function check(root: string): string[] {
  const { status, stderr } = spawnSync(process.execPath, [CHECK, root], { encoding: 'utf8' });
  const complaints = stderr.split('\n').filter((line) => line !== '');
  expect(status).toBe(complaints.length > 0 ? 1 : 0);
  return complaints;
}

const SOUND: Readonly<Record<string, string>> = {
  'package.json': JSON.stringify({ repository: { url: `git+${REPOSITORY}.git` } }),
  'shop/picture.png': '',
  'README.md': '[index](docs/README.md), [two](docs/reference/two.md)',
  'docs/README.md': '[two](reference/two.md)',
  'docs/reference/two.md': '# Two\n\n## Second `part`, here_it is\n\n## Same\n\n## Same\n',
};

/** Complaints about a sound repository, with these files added or in the place of others. */
function checkWith(files: Readonly<Record<string, string>>): string[] {
  const root = temporaryFolder('docs');
  for (const [path, text] of Object.entries({ ...SOUND, ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return check(root);
}

it('the documentation of this repository passes', () => {
  expect(check(ROOT)).toEqual([]);
});

const TWO = 'docs/reference/two.md';

/** Forms of links that are sound, each as the text of a file. */
const SOUND_LINKS: [form: string, text: string][] = [
  ['to a page', `[two](${TWO})`],
  ['to a heading', `[two](${TWO}#second-part-here_it-is)`],
  ['to the second heading of a text', `[two](${TWO}#same-1)`],
  ['within the page', '# Fast & small\n\n[here](#fast--small)'],
  ['to a name', '<a name="here"></a>\n\n[here](#here)'],
  ['to a folder', '[shop](shop), [shop](shop/)'],
  ['by reference', `[two][page], [page][]\n\n[page]: ${TWO}#two "Two"`],
  ['from a picture', `[![it](shop/picture.png)](${TWO})`],
  ['as HTML', `<a href="${TWO}#two"><img alt="it" src="shop/picture.png"></a>`],
  ['with blanks', '[it](<shop/picture.png> "it"), [it](shop/%70icture.png)'],
  ['over two lines', `[two\ntwo](${TWO})`],
  ['to another site', '[it](https://example.com/nowhere#x), <mailto:it@example.com>'],
  ['to the repository', `[issues](${REPOSITORY}/issues)`],
  ['in a fence', '```md\n[no](nowhere.md)\n```\n\n~~~\n[no](nowhere.md)\n```\n[no](nowhere.md)\n~~~'],
  ['in a fence of a list', '- it:\n\n  ```md\n  [no](nowhere.md)\n  ```'],
  ['in code', '`[no](nowhere.md)`, `` [no](nowhere.md) ` ``, `a\n[no](nowhere.md)`'],
  ['in a comment', '<!-- [no](nowhere.md)\n[no](nowhere.md) -->'],
];

/** Broken links, each as the text of a file, and what is wrong with it. */
const BROKEN_LINKS: [form: string, text: string, complaint: string][] = [
  ['to a file that is missing', '[no](docs/guides/three.md)', 'there is no docs/guides/three.md'],
  ['to an anchor that is missing', `[no](${TWO}#third)`, `there is no #third in ${TWO}`],
  [
    'to an anchor of its own page',
    '# One\n\n[no](#two)',
    'there is no #two in to an anchor of its own page.md',
  ],
  [
    'to a heading in a fence',
    '```\n# One\n```\n\n[no](#one)',
    'there is no #one in to a heading in a fence.md',
  ],
  ['to a third heading of a text', `[no](${TWO}#same-2)`, `there is no #same-2 in ${TWO}`],
  ['to a picture that is missing', '![no](shop/no.png)', 'there is no shop/no.png'],
  ['to a picture in a link', `[![no](shop/no.png)](${TWO})`, 'there is no shop/no.png'],
  ['to a page in another case', '[no](docs/readme.md)', 'there is no docs/readme.md'],
  ['behind code that ends', '`code` [no](no.md) `code`', 'there is no no.md'],
  ['behind a lonely backtick', 'a ` here\n\n[no](no.md) `code`', 'there is no no.md'],
  ['behind a fence', '```\n```\n[no](no.md)', 'there is no no.md'],
  ['by a definition', '[no][page]\n\n[page]: no.md', 'there is no no.md'],
  ['as HTML', '<a href="no.md">no</a>', 'there is no no.md'],
  ['without a definition', '[no][page]', 'no link is defined for [page]'],
  ['without a target', '[no]()', 'a link without a target'],
  ['out of the repository', '[no](../other/README.md)', 'there is no ../other/README.md'],
  ['from the root', '[no](/docs/README.md)', '/docs/README.md must be relative to the file that links to it'],
  [
    'to an anchor of a picture',
    '[no](shop/picture.png#x)',
    'shop/picture.png#x has an anchor, and shop/picture.png is no Markdown file',
  ],
  ['that is encoded wrongly', '[no](%E0%A4%A)', '%E0%A4%A is encoded wrongly'],
  [
    'to this repository by its URL',
    `[no](${REPOSITORY}/blob/main/README.md)`,
    `${REPOSITORY}/blob/main/README.md is a file of this repository: link to it relatively`,
  ],
];

describe('a link', () => {
  const files = (texts: readonly (readonly [string, string, ...unknown[]])[]): Record<string, string> =>
    Object.fromEntries(texts.map(([form, text]) => [`${form}.md`, text]));

  it('passes in each form that is sound', () => {
    expect(checkWith(files(SOUND_LINKS))).toEqual([]);
  });

  it('fails if it is broken, with the reason', () => {
    const complaints = checkWith(files(BROKEN_LINKS)).map((each) => each.replace(/\.md:\d+: /, '.md: '));
    const expected = BROKEN_LINKS.map(([form, , complaint]) => `${form}.md: ${complaint}`);
    expect(complaints.sort()).toEqual(expected.sort());
  });

  it('fails with its line', () => {
    const text = '# One\n\n```\n[no](no.md)\n```\n\n[two](docs/reference/two.md) and\n[no](no.md)\n';
    expect(checkWith({ 'CHANGELOG.md': text })).toEqual(['CHANGELOG.md:8: there is no no.md']);
  });
});

describe('a page', () => {
  const lines = (count: number): string => 'A line.\n'.repeat(count);

  it('has at most 250 lines', () => {
    const pages = ['README.md', 'docs/reference/two.md'];
    const withLines = (count: number): string[] =>
      checkWith(
        Object.fromEntries([...pages.map((page) => [page, lines(count)]), ['CHANGELOG.md', lines(251)]]),
      );
    expect(withLines(250)).toEqual([]);
    expect(withLines(251)).toEqual(
      pages.map((page) => `${page}: 251 lines, at most 250 are allowed: give a part of it a page of its own`),
    );
  });

  it('is in the index', () => {
    expect(checkWith({ 'docs/reference/three.md': '# Three' })).toEqual([
      'docs/README.md: docs/reference/three.md is not in the index',
    ]);
  });

  it('ends in a file that runs, if it is a guide', () => {
    const ending = '## A file that runs\n\n[it](../../examples/it.js)\n';
    const guides = {
      sound: `# One\n\n## Two\n\n${ending}`,
      without: '# One\n',
      earlier: `# One\n\n${ending}\n## Two\n`,
      linkless: '# One\n\n[it](../../examples/it.js)\n\n## A file that runs\n',
    };
    const pages = Object.entries(guides).map(([name, text]) => [`docs/guides/${name}.md`, text]);
    const index = ['reference/two.md', ...Object.keys(guides).map((name) => `guides/${name}.md`)];
    const complaints = checkWith({
      ...Object.fromEntries(pages),
      'docs/README.md': index.map((page) => `[it](${page})`).join(', '),
      'examples/it.js': '',
    });
    expect(complaints.sort()).toEqual(
      ['earlier', 'linkless', 'without'].map(
        (name) =>
          `docs/guides/${name}.md: a guide ends in the section "A file that runs", which links to a file in examples/`,
      ),
    );
  });

  it('is there if code names it', () => {
    expect(checkWith({ 'src/index.ts': '/** See docs/reference/two.md#two. */' })).toEqual([]);
    expect(checkWith({ 'src/index.ts': '/** See docs/reference/two.md#three, docs/three.md. */' })).toEqual([
      'src/index.ts: there is no #three in docs/reference/two.md',
      'src/index.ts: there is no docs/three.md',
    ]);
  });
});
