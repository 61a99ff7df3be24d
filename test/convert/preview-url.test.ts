/** `convert.previewLink()`: what it makes, and what it refuses. */
import { describe, expect, it } from 'vitest';
import { createConvert, type ConvertOptions } from '../../src/index.js';
import { collectorPerTest, create } from './setup.js';

collectorPerTest();

const secrets = 'a secret of the test';
const HOUR = 60 * 60 * 1000;
const inAnHour = (): Date => new Date(Date.now() + HOUR);
const HERO = { 'homepage-hero': 'version-b' };

function refusal(url: unknown, given: unknown, options: ConvertOptions = { secrets }): string {
  const convert = create(options);
  try {
    return convert.previewLink(url as string, given as never);
  } catch (error) {
    expect(error).toMatchObject({ name: 'ConvertError', code: 'CONVERT_BAD_OPTION' });
    return (error as Error).message;
  }
}

describe('previewLink()', () => {
  it.each([
    ['https://shop.example/a?b=1#c', /^https:\/\/shop\.example\/a\?b=1&convert_preview=([\w.]+)#c$/],
    [
      'https://shop.example/?convert_preview=101.1010',
      /^https:\/\/shop\.example\/\?convert_preview=([\w.]+)$/,
    ],
    ['/a?b', /^\/a\?b=&convert_preview=([\w.]+)$/],
  ])('puts one parameter into %s', (url, form) => {
    const link = create({ secrets }).previewLink(url, { variations: HERO, expires: inAnHour() });
    expect(form.exec(link)?.[1]).toMatch(/^1l_101\.1011_[0-9a-z]{6}_[0-9a-z]{25}$/);
  });

  it('takes keys and ids, of drafts too, and a date or a time', () => {
    const convert = create({ secrets });
    const at = Date.now() + HOUR;
    const ids = (variations: Record<string, string>, expires: Date | number = at): string | undefined =>
      /=1l_(.*)_\w+_\w+$/.exec(convert.previewLink('/', { variations, expires }))?.[1];
    expect(ids({ 'homepage-hero': 'original', featured: 'version-b' })).toBe('101.1010_104.1041');
    expect(ids({ 101: '1011' })).toBe('101.1011');
    expect(ids({ 'homepage-hero': '1011' })).toBe('101.1011');
    expect(ids({ 9999: '7' })).toBe('9999.7');
    expect(ids({ 101: '7' }, new Date(at))).toBe('101.7');
  });

  it.each<[string, unknown, unknown, string]>([
    [
      'an unknown experience',
      '/',
      { variations: { 'homepage-heros': 'b' } },
      "no experience with the key 'homepage-heros', did you mean 'homepage-hero'?",
    ],
    [
      'an unknown variation',
      '/',
      { variations: { 'homepage-hero': 'version-a' } },
      "no variation of 'homepage-hero' with the key 'version-a', did you mean 'version-b'?",
    ],
    ['no variation', '/', { variations: {} }, 'must name 1 to 16 experiences (given 0)'],
    [
      'too many',
      '/',
      { variations: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [n + 1, '1'])) },
      '(given 17)',
    ],
    ['a list', '/', { variations: ['101.1'] }, '`variations` must be an object'],
    ['a value that is no text', '/', { variations: { 'homepage-hero': null } }, 'no variation of'],
    ['no end', '/', { expires: undefined }, '`expires` is missing'],
    ['an end in the past', '/', { expires: Date.now() - 1 }, '`expires` must be a date'],
    ['an end after 90 days', '/', { expires: Date.now() + 91 * 24 * HOUR }, 'in the next 90 days'],
    ['no date', '/', { expires: new Date('soon') }, '`expires` must be a date'],
    ['a text for a date', '/', { expires: '2h' }, "(given '2h')"],
    ['a typo', '/', { expire: 1 }, 'unknown option `expire`, did you mean `expires`?'],
    ['another scheme', 'javascript:alert(1)', {}, 'must be an http(s) address'],
    ['another host as a path', '//evil.example/', {}, 'must be an http(s) address'],
    ['no url', undefined, {}, 'must be an http(s) address'],
  ])('refuses %s', (_what, url, more, message) => {
    expect(refusal(url, { variations: HERO, expires: inAnHour(), ...(more as object) })).toContain(message);
  });

  it('needs options, secrets, previews and a project config', () => {
    expect(refusal('/', undefined)).toContain('must be an object');
    const given = { variations: HERO, expires: inAnHour() };
    expect(refusal('/', given, {})).toContain('option `secrets` is missing');
    expect(refusal('/', given, { secrets, preview: false })).toContain('option `preview` is false');
    const early = createConvert({ sdkKey: '1/2', secrets, logger: false });
    expect(() => early.previewLink('/', given)).toThrow(
      expect.objectContaining({ code: 'CONVERT_NOT_READY' }),
    );
    return early.close({ timeout: 1 });
  });
});

describe('options of previews', () => {
  const wrong = (options: unknown): string => {
    try {
      create(options as ConvertOptions);
      return 'no error';
    } catch (error) {
      return (error as Error).message;
    }
  };

  it('need secrets where something is signed, and a name of their own', () => {
    expect(wrong({ preview: 'signed' })).toContain('option `preview` needs option `secrets`');
    expect(wrong({ previewCookie: true })).toContain('option `previewCookie` needs option `secrets`');
    expect(wrong({ preview: 'signed', previewCookie: true, secrets })).toBe('no error');
    expect(wrong({ preview: 'all' })).toContain(
      "option `preview` must be true, false, 'signed' or a function (given 'all')",
    );
    expect(wrong({ previewCookie: 'yes', secrets })).toContain(
      'option `previewCookie` must be true, false or { name,',
    );
    expect(wrong({ previewCookie: { name: 'cv_vid' }, secrets })).toContain("are both 'cv_vid'");
    expect(wrong({ previewCookie: { name: '__Host-p', domain: 'a.b' }, secrets })).toContain('__Host-p');
    expect(wrong({ previewCookie: true, preview: false, secrets })).toContain('`preview` is false');
  });
});
