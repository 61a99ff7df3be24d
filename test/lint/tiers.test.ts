/** The tiers of tests, and what files must keep that share a worker. */
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { ALONE } from '../support/alone.js';
import { LONGEST } from '../support/longest.js';

const TEST = resolve(import.meta.dirname, '..');
const all = readdirSync(TEST, { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.ts'));
const files = all.filter((file) => file.endsWith('.test.ts'));

it.each([...LONGEST, ...Object.keys(ALONE)])('%s is a test file', (name) => {
  expect(files).toContain(name);
});

it.each(files.filter((file) => file.endsWith('.slow.test.ts')))('%s has a small case beside it', (file) => {
  expect(files).toContain(file.replace('.slow.test.ts', '.test.ts'));
});

/** A hook at the top of a file, which is registered when the file is imported. */
const HOOK = /^(before|after)(Each|All)\(/m;

it('no support file registers a hook when it is imported, as many test files import it once', () => {
  expect(HOOK.test("import { x } from 'y';\nbeforeEach(() => x());\n")).toBe(true);
  const support = all.filter((file) => !files.includes(file) && file !== 'support/tidy.ts');
  expect(support.filter((file) => HOOK.test(readFileSync(resolve(TEST, file), 'utf8')))).toEqual([]);
});

it('a test file that replaces modules runs alone', () => {
  const replaces = /\bvi\.(mock|doMock|resetModules)\(/;
  const found = files.filter((file) => replaces.test(readFileSync(resolve(TEST, file), 'utf8')));
  expect(found.length).toBeGreaterThan(0);
  expect(found.filter((file) => !(file in ALONE))).toEqual([]);
});
