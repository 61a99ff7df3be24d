import { describe, expect, it } from 'vitest';
import { type ConsentOption, consentReader } from '../../src/consent/consent.js';
import type { ConvertError } from '../../src/utils/errors.js';
import { incoming } from '../identity/support.js';

function read(option: ConsentOption, cookie?: string): { answer: string; errors: ConvertError[] } {
  const errors: ConvertError[] = [];
  const reader = consentReader(option, (error) => errors.push(error));
  return { answer: reader.read(incoming(cookie === undefined ? {} : { cookie })).answer, errors };
}

describe('the consent cookie', () => {
  const plain = { cookie: 'consent', granted: 'granted' };
  it.each<[string, ConsentOption, string | undefined, string]>([
    ['its value is the granted one', plain, 'consent=granted', 'granted'],
    ['it has another value', plain, 'consent=no', 'denied'],
    ['it is empty', plain, 'consent=', 'denied'],
    ['it is absent', plain, 'other=granted', 'unknown'],
    ['there is no cookie at all', plain, undefined, 'unknown'],
    ['only its name is part of another', plain, 'my_consent=granted', 'unknown'],
    ['C3: it is quoted', plain, 'consent="granted"', 'granted'],
    ['C3: it is quoted, with an answer that is none', plain, 'consent="no"', 'denied'],
    ['C3: one quote is missing', { ...plain, denied: 'no' }, 'consent="granted', 'unknown'],
    ['it is encoded', { cookie: 'consent', granted: 'yes, all' }, 'consent=yes%2C%20all', 'granted'],
    ['several values grant', { cookie: 'c', granted: ['1', 'all'] }, 'c=all', 'granted'],
    ['only some values deny', { ...plain, denied: 'denied' }, 'consent=later', 'unknown'],
    ['one of these denies', { ...plain, denied: ['denied', 'no'] }, 'consent=no', 'denied'],
    [
      'A1: another one with no answer comes first',
      { ...plain, denied: 'no' },
      'consent=x; consent=granted',
      'granted',
    ],
    ['A1: a denial comes first', plain, 'consent=no; consent=granted', 'denied'],
    ['it stands among others', plain, 'a=1; consent=granted; b=2', 'granted'],
    ['it is broken', plain, 'consent=%E0%A4%A', 'denied'],
  ])('%s', (_name, option, cookie, answer) => {
    expect(read(option, cookie)).toEqual({ answer, errors: [] });
  });
});

describe('the consent function', () => {
  it.each<[unknown, string]>([
    [true, 'granted'],
    ['granted', 'granted'],
    [false, 'denied'],
    ['denied', 'denied'],
    ['unknown', 'unknown'],
    [undefined, 'unknown'],
    [null, 'unknown'],
    ['yes', 'unknown'],
    [1, 'unknown'],
  ])('%s is %s', (given, answer) => {
    expect(read(() => given as never).answer).toBe(answer);
    expect(read({ resolve: () => given as never }).answer).toBe(answer);
  });

  it.each<[string, unknown, string]>([
    ['a text', 'true', 'a string'],
    ['a number', 1, 'a number'],
    ['an object', { granted: true }, 'an object'],
    ['a list', ['granted'], 'an array'],
  ])('C4: is unknown where it returns %s, and says so', (_name, given, returned) => {
    const { answer, errors } = read(() => given as never);
    expect(answer).toBe('unknown');
    expect(errors).toMatchObject([{ code: 'CONVERT_CALLBACK' }]);
    expect(errors[0]!.message).toBe(
      `convert: the \`consent\` function must return true, false, 'granted', 'denied' or 'unknown'; it returned ${returned}, ` +
        'taken as unknown',
    );
  });

  it.each([true, 'granted', false, 'denied', 'unknown', undefined, null])('C4: may return %s', (given) => {
    expect(read(() => given as never).errors).toEqual([]);
  });

  it('gets the request of the framework', () => {
    const raw = { mine: true };
    let got: unknown;
    const reader = consentReader(
      (request) => ((got = request), true),
      () => undefined,
    );
    reader.read(incoming({}, { raw }));
    expect(got).toBe(raw);
  });

  it('is unknown where it throws or answers later, and says so', () => {
    const thrown = read(() => {
      throw new Error('no session');
    });
    expect(thrown.answer).toBe('unknown');
    expect(thrown.errors[0]).toMatchObject({
      code: 'CONVERT_CALLBACK',
      message: expect.stringContaining('the `consent` function threw, taken as unknown (Error') as unknown,
    });
    const later = read((async () => true) as never);
    expect(later.answer).toBe('unknown');
    expect(later.errors[0]?.message).toContain('promise');
  });
});

describe('several sources', () => {
  const site = { cookie: 'consent', granted: 'yes', denied: 'no' };
  const said = (option: ConsentOption, cookie: string): string => {
    const { answer, by } = consentReader(option, () => undefined).read(incoming({ cookie }));
    return `${answer} by ${by}`;
  };

  it.each<[string, ConsentOption]>([
    ['a list', ['cookiebot', site, (raw) => (raw as { user?: boolean }).user]],
    ['a list with a mode', { from: ['cookiebot', site, () => undefined], mode: 'silent' }],
    [
      'a list where one has the mode',
      [{ platform: 'cookiebot', mode: 'hold' }, site, { resolve: () => null }],
    ],
  ])('%s: the first that knows decides', (_name, option) => {
    expect(said(option, 'CookieConsent=-1; consent=no')).toBe('granted by cookiebot');
    expect(said(option, 'CookieConsent=0; consent=yes')).toBe('denied by cookiebot');
    expect(said(option, 'CookieConsent=gone; consent=yes')).toBe('granted by cookie');
    expect(said(option, 'consent=no')).toBe('denied by cookie');
    expect(said(option, 'consent=later')).toBe('unknown by none');
  });

  it('are not asked further once one knows', () => {
    let asked = 0;
    const count = () => (asked++, true);
    expect(said([site, count], 'consent=no')).toBe('denied by cookie');
    expect(asked).toBe(0);
    expect(said([site, count], '')).toBe('granted by function');
    expect(asked).toBe(1);
  });

  it('a platform with the ids of the site, alone or among others', () => {
    const klaro: ConsentOption = { platform: 'klaro', service: 'matomo', mode: 'block' };
    const cookie = 'klaro=%7B%22matomo%22%3Atrue%7D';
    for (const option of [klaro, [klaro], { from: [klaro] }]) {
      expect(said(option, cookie)).toBe('granted by klaro');
    }
    expect(said('onetrust', cookie)).toBe('unknown by none');
  });
});
