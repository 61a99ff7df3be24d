/** The cookie with a page's key: read only where no cache can have read another one. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyCookie } from '../../../src/identity/cookies/key-cookie.js';
import { incoming } from '../support.js';

const KEY = 'hero.b:prices.-';
const keys = keyCookie();
const keyIn = (cookie: string) => keys.keyOf(incoming({ cookie }));

/** How caches find a cookie. nginx tells no cases apart, and takes `,` for a separator, too. */
const PARSERS: Readonly<Record<string, (header: string) => string | undefined>> = {
  nginx: (header) => /(?:^|[;,] *)cv_key *= *([^;]*)/i.exec(header)?.[1],
  first: (header) => /(?:^|; *)cv_key=([^;]*)/.exec(header)?.[1],
  last: (header) => [...header.matchAll(/(?:^|; *)cv_key=([^;]*)/g)].at(-1)?.[1],
  greedy: (header) => /^(?:.*; *)?cv_key=([^;]*)/.exec(header)?.[1],
  anywhere: (header) => /cv_key=([^;]*)/.exec(header)?.[1],
};

describe('the key in the cookie', () => {
  it.each([`cv_key=${KEY}`, `a=1; cv_key=${KEY}`, `a=1;cv_key=${KEY};b=2`])('is read from %s', (cookie) => {
    expect(keyIn(cookie)).toBe(KEY);
    for (const parse of Object.values(PARSERS)) expect(parse(cookie)).toBe(KEY);
  });

  it.each([
    '',
    'a=1',
    'cv_key=',
    `cv_key=${KEY}; cv_key=${KEY}`,
    `cv_key=hero.a; cv_key=${KEY}`,
    `CV_KEY=hero.a; cv_key=${KEY}`,
    `CV_KEY=${KEY}`,
    `a=1,cv_key=hero.a; cv_key=${KEY}`,
    `a=1,cv_key=${KEY}`,
    `my_cv_key=hero.a; cv_key=${KEY}`,
    `cv_key_2=hero.a; cv_key=${KEY}`,
    `cv_key =${KEY}`,
    `cv_key= ${KEY}`,
    `cv_key=${KEY} ; a=1`,
    `cv_key="${KEY}"`,
    `cv_key=hero%2Eb`,
    `cv_key=${KEY},a`,
    `a=1;  cv_key=${KEY}`,
    `a=1;\tcv_key=${KEY}`,
    `cv_key=${'a'.repeat(201)}`,
  ])('is not read from %j', (cookie) => {
    expect(keyIn(cookie)).toBeUndefined();
  });

  it('is the one that every cache finds', () => {
    const piece = fc.constantFrom(
      'cv_key',
      'CV_key',
      '=',
      ';',
      '; ',
      ',',
      ' ',
      '"',
      KEY,
      'hero.a',
      'a',
      '\t',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const header = pieces.join('');
        const key = keyIn(header);
        if (key === undefined) return;
        for (const [name, parse] of Object.entries(PARSERS))
          expect([name, parse(header)]).toEqual([name, key]);
      }),
      { numRuns: 20_000 },
    );
  });
});

describe('the key in a header', () => {
  const inHeader = keyCookie({ header: 'X-CV-Key' });

  it('is read there only', () => {
    expect(inHeader.header).toBe('x-cv-key');
    expect(inHeader.keyOf(incoming({ 'x-cv-key': KEY }))).toBe(KEY);
    expect(inHeader.keyOf(incoming({ cookie: `cv_key=${KEY}` }))).toBeUndefined();
    expect(inHeader.keyOf(incoming({ 'x-cv-key': `${KEY}, ${KEY}` }))).toBeUndefined();
    expect(inHeader.keyOf(incoming({ 'x-cv-key': '' }))).toBeUndefined();
  });

  it('leaves the cookie as it is', () => {
    expect(inHeader.cookieKeyOf(incoming({ cookie: `cv_key=${KEY}` }))).toBe(KEY);
    expect(inHeader.cookieKeyOf(incoming({ cookie: 'cv_key=<script>' }))).toBeUndefined();
  });
});

describe('the lines', () => {
  const https = { protocol: 'https', host: 'www.shop.example' };

  it('have the attributes of the visitor cookie, and last for 15 minutes', () => {
    const cookie = keyCookie(
      { cookie: 'k' },
      { domain: 'shop.example', maxAge: 60, sameSite: 'none', name: 'v' },
    );
    expect(cookie.issue(KEY, incoming({}, https))).toEqual([
      `k=${KEY}; Max-Age=900; Domain=shop.example; Path=/; HttpOnly; Secure; SameSite=None`,
    ]);
  });

  it('remove what stands beside it in the browser', () => {
    const cookie = keyCookie({}, { domain: 'shop.example' });
    const lines = cookie.issue(KEY, incoming({ cookie: 'cv_key=a.b; cv_key=c.d' }, https));
    expect(lines.map((line) => line.replace(/; .*/, ''))).toEqual(['cv_key=', `cv_key=${KEY}`]);
  });
});
