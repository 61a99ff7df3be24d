/** The check that no file of src reaches itself over its imports: `npm run check:circles`. */
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { temporaryFolder } from '../support/folder.js';

const ROOT = resolve(import.meta.dirname, '../..');

/**
 * Trees that know nothing of each other. The checker takes a second to start, so it is started once for all of them.
 */
const TREES = {
  two: {
    'a.ts': "import type { B } from './b.js';\nexport interface A { b?: B }\n",
    'b.ts': "import type { A } from './a.js';\nexport interface B { a?: A }\n",
  },
  three: {
    'a.ts': "import './b.js';\nexport const a = 1;\n",
    'b.ts': "export { c } from './c.js';\n",
    'c.ts': "import { a } from './a.js';\nexport const c = a;\n",
  },
  none: {
    'a.ts': "import type { B } from './b.js';\nexport type A = B;\n",
    'b.ts': 'export type B = string;\n',
  },
};

/** The lines that complain, each about one tree. */
let complaints: string[];
let failed: boolean;

beforeAll(async () => {
  const folder = temporaryFolder('circles', afterAll);
  for (const [name, files] of Object.entries(TREES)) {
    mkdirSync(join(folder, name, 'src'), { recursive: true });
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, name, 'src', file), text);
  }
  const program = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const folders = Object.keys(TREES).map((name) => join(folder, name, 'src'));
  const args = [program, ...folders, '--config', join(ROOT, '.dependency-cruiser.js')];
  const { stdout, code } = await promisify(execFile)(process.execPath, args).then(
    ({ stdout }) => ({ stdout, code: 0 }),
    (error: unknown) => error as { stdout: string; code: number },
  );
  failed = code !== 0;
  complaints = stdout.split('\n').filter((line) => line.includes('no-circular'));
});

const about = (tree: keyof typeof TREES): string[] =>
  complaints.filter((line) => line.includes(`${tree}/src/`));

it('fails on a circle of two imports of types', () => {
  expect(failed).toBe(true);
  expect(about('two').join('\n')).toMatch(/no-circular.*a\.ts/);
});

it('fails on a circle of three files, one of them imported for its effects', () => {
  expect(about('three')).not.toEqual([]);
});

it('passes a tree without a circle', () => {
  expect(about('none')).toEqual([]);
});
