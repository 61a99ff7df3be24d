/** The tiers of tests: what a run begins with exists, and each kind of slow test has a small case in the fast tier. */
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { LONGEST } from '../support/longest.js';

const files = readdirSync(resolve(import.meta.dirname, '..'), { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.test.ts'));

it.each(LONGEST)('%s is a test file', (name) => {
  expect(files).toContain(name);
});

it.each(files.filter((file) => file.endsWith('.slow.test.ts')))('%s has a small case beside it', (file) => {
  expect(files).toContain(file.replace('.slow.test.ts', '.test.ts'));
});
