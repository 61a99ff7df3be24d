/** One cookie by its name: as the package `cookie` finds it among all. */
import { parseCookie } from 'cookie';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cookieNamed, rawCookieNamed, RequestCookies, validCookieNamed } from '../../src/request/cookies.js';
import { incoming } from '../identity/support.js';

const one = (cookie: string | undefined, name: string): string | undefined =>
  cookieNamed(name)(incoming(cookie === undefined ? {} : { cookie }));

/** The package takes no quotes off, so that is left to the function that it decodes values with. */
function oneOfAll(header: string, name: string): string | undefined {
  const all = parseCookie(header, { decode: (value) => decoded(/^"(.*)"$/s.exec(value)?.[1] ?? value) });
  return Object.hasOwn(all, name) ? all[name] : undefined;
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

describe('one cookie of a request', () => {
  it.each([
    ['cv_vid=a', 'a'],
    ['_ga=GA1.1.x; cv_vid=a; b=c', 'a'],
    ['cv_vid=first; cv_vid=second', 'first'],
    ['xcv_vid=no; cv_vidx=no; x=cv_vid=no; cv_vid=a', 'a'],
    [' \tcv_vid \t=\t a \t; b', 'a'],
    ['flag; cv_vid=a', 'a'],
    ['cv_vid; cv_vid=a', 'a'],
    ['cv_vid', undefined],
    ['cv_vid=', ''],
    ['cv_vid= ; b=c', ''],
    ['cv_vid=a=b', 'a=b'],
    ['cv_vid=%41%zz', '%41%zz'],
    ['cv_vid=%41', 'A'],
    ['CV_VID=a', undefined],
    ['', undefined],
  ])('%j has %j', (header, expected) => {
    expect(one(header, 'cv_vid')).toBe(expected);
    expect(oneOfAll(header, 'cv_vid')).toBe(expected);
  });

  it.each([
    ['c="granted"', 'granted'],
    ['a="1"; c = "a b" ; d="2"', 'a b'],
    ['c=""', ''],
    ['c=""a""', '"a"'],
    ['c="{"a":"b"}"', '{"a":"b"}'],
    ['c="', '"'],
    ['c="a', '"a'],
    ['c=a"', 'a"'],
    ['c="a"b', '"a"b'],
  ])('C3: the value of %j is %j, whoever reads it', (header, value) => {
    const request = incoming({ cookie: header });
    expect(one(header, 'c')).toBe(value);
    expect(oneOfAll(header, 'c')).toBe(value);
    expect(rawCookieNamed('c')(request)).toBe(value);
    expect(validCookieNamed('c')(request, (each) => each)).toBe(value);
    expect(new RequestCookies(request).get('c')).toBe(value);
  });

  it('C3: quotes go before the value is decoded: escaped ones belong to it', () => {
    expect(one('c="%41"', 'c')).toBe('A');
    expect(one('c=%22a%22', 'c')).toBe('"a"');
  });

  it('is absent without a header, and where the name is none', () => {
    expect(one(undefined, 'a')).toBeUndefined();
    for (const name of ['', '=', ';', ' a', 'a\t', 'a=b', 'a;b'])
      expect(one('a=b; a;b=c', name)).toBeUndefined();
  });

  it('is what the package `cookie` finds, whatever the header', () => {
    const piece = fc.constantFrom(
      'a',
      'b',
      'ab',
      'é',
      ' ',
      '\t',
      '=',
      ';',
      '; ',
      '%',
      '%41',
      '%C3%A9',
      '"',
      ',',
    );
    const text = fc.array(piece, { maxLength: 24 }).map((pieces) => pieces.join(''));
    const name = fc.oneof(
      fc.constantFrom('a', 'ab', 'a b', '__proto__', 'constructor', '%41'),
      text.filter(Boolean),
    );
    fc.assert(
      fc.property(text, name, (header, wanted) => {
        expect(one(header, wanted)).toBe(oneOfAll(header, wanted));
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('several cookies of one name', () => {
  const isDigit = (value: string): string | undefined => (/^\d$/.test(value) ? value : undefined);
  const valid = (cookie: string | string[]): string | undefined =>
    validCookieNamed('c')(incoming({ cookie }), isDigit);

  it.each([
    ['c=x; c=1; c=2', '1'],
    ['c=s%3Aold.sig; b=3; c=%31', '1'],
    ['c=x; c=y', undefined],
    ['c=; c=1', '1'],
    ['b=1', undefined],
    ['', undefined],
  ])('A1: of %j, the first valid one is %j', (header, expected) => {
    expect(valid(header)).toBe(expected);
  });

  it('A1: may come in several headers', () => {
    expect(valid(['c=x', 'c=1'])).toBe('1');
  });

  it('A1: are looked at up to the eighth', () => {
    expect(valid(`${'c=x; '.repeat(7)}c=1`)).toBe('1');
    expect(valid(`${'c=x; '.repeat(8)}c=1`)).toBeUndefined();
    let looks = 0;
    validCookieNamed('c')(incoming({ cookie: 'c=x; '.repeat(1_000) }), () => void looks++);
    expect(looks).toBe(8);
  });
});
