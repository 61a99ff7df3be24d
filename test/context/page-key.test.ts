/** The text of a page's key: what it says, that no two pages share one, and what is believed of one that is brought. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { othersIn, pageKey, type ShownVariations } from '../../src/context/page-key.js';
import type { LoadedProject } from '../../src/context/runtime.js';
import { testProject } from '../support/project.js';

const shownOf = (entries: readonly (readonly [string, string | null])[]): ShownVariations => new Map(entries);

describe('pageKey', () => {
  it.each([
    [[['homepage-hero', 'version-b']], 'homepage-hero.version-b'],
    [[['homepage-hero', null]], 'homepage-hero.-'],
    [[['b', 'x'], ['a', 'y']], 'a.y:b.x'], // prettier-ignore
    [[['hero', '-']], 'hero.!2D'],
    [[['1.2', 'a:b;c, "d"']], '1!2E2.a!3Ab!3Bc!2C!20!22d!22'],
    [[['Grün', '!']], 'Gr!C3!BCn.!21'],
    [[['\ud800', '']], '!EF!BF!BD.'],
  ] as [[string, string | null][], string][])('%j is %s', (entries, text) => {
    expect(pageKey(shownOf(entries))).toBe(text);
  });

  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('-', '!', '!2D', '.', ':', 'a.b:c.d'));
  const pages = fc.uniqueArray(fc.tuple(text, fc.option(text)), { selector: ([key]) => key.toWellFormed() });

  it('is safe in a cookie, in a header and in the languages of caches', () => {
    fc.assert(
      fc.property(pages, (entries) => {
        expect(pageKey(shownOf(entries))).toMatch(/^[\w.:!-]*$/);
      }),
    );
  });

  it('is the same for two pages only if they show the same', () => {
    const sorted = (entries: [string, string | null][]): string =>
      JSON.stringify(entries.map(([key, shown]) => [key.toWellFormed(), shown?.toWellFormed()]).sort());
    fc.assert(
      fc.property(pages, pages, (one, other) => {
        const isSame = pageKey(shownOf(one)) === pageKey(shownOf(other));
        expect(isSame).toBe(sorted(one) === sorted(other));
      }),
    );
  });
});

describe('othersIn', () => {
  const config = testProject();
  const project = { config, running: ['101', '104', '107'] } as unknown as LoadedProject;
  const state = { bucketing: { 104: '1041', 106: '1060' } };
  const others = (key: string | undefined): string =>
    pageKey(othersIn(key, new Set(['homepage-hero']), project, state));

  it.each([
    ['the stored variation', 'featured.version-b', 'featured.version-b'],
    ['an experience that the visitor is not in', 'spring-sale.-', 'spring-sale.-'],
    ['both', 'spring-sale.-:featured.version-b', 'featured.version-b:spring-sale.-'],
    ['one of them twice', 'featured.version-b:featured.version-b', 'featured.version-b'],
    ['another variation', 'featured.original', ''],
    ['no variation, though one is stored', 'featured.-', ''],
    ['a variation, though none is stored', 'spring-sale.original', ''],
    ['a variation that there is not', 'featured.c', ''],
    ['an experience that there is not', 'made-up.version-b:__proto__.-', ''],
    ['an experience that does not run', 'live-only.original:german-pricing.-', ''],
    ['an experience of the page itself', 'homepage-hero.version-b', ''],
    ['what is no key', '%E0%A4%A:!E0!A4!A.-:.:-::featured', ''],
    ['nothing', undefined, ''],
  ])('believes %s', (_, key, believed) => {
    expect(others(key)).toBe(believed);
  });
});
