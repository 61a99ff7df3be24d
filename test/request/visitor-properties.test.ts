import { describe, expect, it } from 'vitest';
import { preferredLanguage } from '../../src/request/language.js';
import { facts } from './incoming.js';

const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36';

describe('visitor properties', () => {
  const request = {
    url: '/?utm_source=news+letter&utm_medium=email&utm_campaign=a&utm_campaign=b&utm_content=%zz',
    headers: { 'user-agent': CHROME, 'accept-language': 'de-at,en;q=0.8', 'cf-ipcountry': 'at' },
  };

  it('tell who the visitor is, in readable words', () => {
    expect(facts(request, { geo: 'cloudflare' }).visitorObject()).toEqual({
      country: 'AT',
      eu: true,
      eea: true,
      device: 'desktop',
      desktop: true,
      mobile: false,
      tablet: false,
      browser: 'chrome',
      browserVersion: '126',
      os: 'windows',
      userAgent: CHROME,
      language: 'de-AT',
      visitorType: 'new',
      utm_source: 'news letter',
      utm_medium: 'email',
      utm_campaign: 'a',
      utm_content: '%zz',
      source: 'campaign',
      campaign: 'a',
      medium: 'email',
      keyword: '',
      sourceName: 'news letter',
    });
  });

  it("tell it in Convert's codes where the project writes those", () => {
    const { visitor } = facts(request, { properties: { vocabulary: 'convert' } });
    expect(visitor.get('browser')).toBe('CH');
    expect(visitor.get('devices')).toEqual(['DESK']);
    expect(visitor.get('desktop')).toBe(true);
    expect(facts(request).visitor.get('devices')).toBeUndefined();
  });

  it('say other and no, not unknown, for a client that names no browser', () => {
    expect(facts().visitorObject()).toEqual({
      device: 'other',
      desktop: false,
      mobile: false,
      tablet: false,
      browser: 'other',
      os: 'other',
      visitorType: 'new',
      source: 'direct',
      campaign: '',
      medium: '',
      keyword: '',
      sourceName: '',
    });
  });

  it('tell a visitor who returns', () => {
    expect(facts({}, {}, { isNewVisitor: false }).visitor.get('visitorType')).toBe('returning');
  });

  it('hold at most 512 characters of a user agent', () => {
    const long = facts({ headers: { 'user-agent': CHROME.repeat(9) } }).visitor;
    expect(long.get('userAgent')).toBe(CHROME.repeat(9).slice(0, 512));
    expect(facts({ headers: { 'user-agent': '' } }).visitor.get('userAgent')).toBeUndefined();
  });

  it('hold at most 256 characters of a campaign', () => {
    const url = `/?utm_campaign=${'%C3%A9'.repeat(2000)}`;
    expect(facts({ url }).visitor.get('utm_campaign')).toBe('é'.repeat(256));
  });
});

describe('the language', () => {
  it.each([
    ['en', 'en'],
    ['EN-us', 'en-US'],
    ['zh-hant-tw', 'zh-Hant-TW'],
    ['es-419', 'es-419'],
    ['sl-rozaj-1994', 'sl-rozaj-1994'],
    ['fr;q=0.5, de', 'de'],
    ['fr;q=0.5, de;q=0.7, it ; Q = 0.6', 'de'],
    ['en,de', 'en'],
    ['*, nl;q=0.1', 'nl'],
    ['de;q=0', undefined],
    ['de;q=abc', 'de'],
    ['*', undefined],
    ['<script>', undefined],
    ['', undefined],
    [',,;q=1,', undefined],
  ])('%j is %j', (header, language) => {
    expect(preferredLanguage(header)).toBe(language);
  });
});
