/** The check that no file of src reaches itself over its imports: `npm run check:circles`. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { temporaryFolder } from '../support/folder.js';

const ROOT = resolve(import.meta.dirname, '../..');

function check(files: Readonly<Record<string, string>>): { ok: boolean; output: string } {
  const folder = join(temporaryFolder('circles', afterAll), 'src');
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const args = [join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs'), folder];
  try {
    const config = join(ROOT, '.dependency-cruiser.js');
    return {
      ok: true,
      output: execFileSync(process.execPath, [...args, '--config', config], { encoding: 'utf8' }),
    };
  } catch (error) {
    return { ok: false, output: (error as { stdout: string }).stdout };
  }
}

it('fails on a circle of two imports of types', () => {
  const { ok, output } = check({
    'a.ts': "import type { B } from './b.js';\nexport interface A { b?: B }\n",
    'b.ts': "import type { A } from './a.js';\nexport interface B { a?: A }\n",
  });
  expect(ok).toBe(false);
  expect(output).toMatch(/no-circular.*a\.ts/);
});

it('fails on a circle of three files, one of them imported for its effects', () => {
  const { ok } = check({
    'a.ts': "import './b.js';\nexport const a = 1;\n",
    'b.ts': "export { c } from './c.js';\n",
    'c.ts': "import { a } from './a.js';\nexport const c = a;\n",
  });
  expect(ok).toBe(false);
});

it('passes a tree without a circle', () => {
  const { ok } = check({
    'a.ts': "import type { B } from './b.js';\nexport type A = B;\n",
    'b.ts': 'export type B = string;\n',
  });
  expect(ok).toBe(true);
});
