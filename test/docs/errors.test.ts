/** The pages about errors and warnings: a section for each code, and for nothing else, in which the fix comes first. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES } from '../../src/utils/errors.js';
import { WARNINGS } from '../../src/utils/warning-codes.js';

const DOCS = resolve(import.meta.dirname, '../../docs');
const MAX_LINES = 8;

const codesOf = (page: string): string[] =>
  Object.entries(WARNINGS).flatMap(([code, own]) => (own === page ? [code] : []));

const PAGES: Readonly<Record<string, readonly string[]>> = {
  errors: ERROR_CODES,
  ...Object.fromEntries([...new Set(Object.values(WARNINGS))].map((page) => [page, codesOf(page)])),
};

describe.each(Object.entries(PAGES))('docs/%s.md', (page, codes) => {
  const [, ...parts] = readFileSync(join(DOCS, `${page}.md`), 'utf8').split(/^## /m);
  const sections = parts.map((part) => part.trimEnd().split('\n'));

  it('has a section for each code', () => {
    expect(sections.map(([heading]) => heading).sort()).toEqual([...codes].sort());
  });

  it('says in each section how to mend it, and then why', () => {
    for (const [, blank, fix, ...others] of sections) {
      expect([blank, fix]).toEqual(['', expect.stringMatching(/^- \*\*Fix:\*\* \S/)]);
      expect(others.join('\n')).toMatch(/^- \*\*Why:\*\* \S/m);
    }
    expect(Math.max(...sections.map(({ length }) => length))).toBeLessThanOrEqual(MAX_LINES);
  });
});
