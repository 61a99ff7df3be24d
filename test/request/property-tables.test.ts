/** The location and visitor properties that a request has by default. */
import { describe, expect, it } from 'vitest';
import { facts } from './incoming.js';

const read = (url: string, name: string, parts = {}): unknown => facts({ url, ...parts }).location.get(name);

describe('location properties', () => {
  it('tell where the visitor is', () => {
    const { location } = facts({
      url: '/a%20b/c?x=1&y=%C3%A9?z',
      host: 'Shop.Example:8443',
      headers: { referer: 'https://news.example/today?id=1' },
    });
    expect(location.get('url')).toBe('https://shop.example:8443/a%20b/c?x=1&y=%C3%A9?z');
    expect(location.get('path')).toBe('/a%20b/c');
    expect(location.get('query')).toBe('x=1&y=%C3%A9?z');
    expect(location.get('hostname')).toBe('shop.example');
    expect(location.get('protocol')).toBe('https');
    expect(location.get('referrer')).toBe('https://news.example/today?id=1');
    expect(location.get('nothing')).toBeUndefined();
    expect(location.get('__proto__')).toBeUndefined();
    expect(location.get('constructor')).toBeUndefined();
  });

  it.each([
    ['/', '/', ''],
    ['/?', '/', ''],
    ['/p#part?x=1', '/p', ''],
    ['//evil.example/p', '//evil.example/p', ''],
    ['http://evil.example/p?x=1', '/p', 'x=1'],
    ['http://evil.example', '/', ''],
    ['http://evil.example?x=1', '/', 'x=1'],
    ['*', '/*', ''],
    ['?x=1', '/', 'x=1'],
    ['', '/', ''],
  ])('target %j is path %j and query %j, on our own host', (url, path, query) => {
    expect(read(url, 'path')).toBe(path);
    expect(read(url, 'query')).toBe(query);
    expect(read(url, 'url')).toMatch(/^https:\/\/shop\.example\//);
    expect(new URL(read(url, 'url') as string).hostname).toBe('shop.example');
  });

  it.each([
    ['localhost', 'localhost'],
    ['127.0.0.1:80', '127.0.0.1'],
    ['[::1]:3000', '[::1]'],
    ['[2001:DB8::1]', '[2001:db8::1]'],
    ['a.example:', 'a.example'],
    ['', undefined],
    ['a b', undefined],
    ['a.example/path', undefined],
    ['user@a.example', undefined],
    ['[::1', undefined],
    ['::1', undefined],
    ['a'.repeat(300), undefined],
  ])('host %j is hostname %j', (host, hostname) => {
    expect(read('/', 'hostname', { host })).toBe(hostname);
    if (hostname === undefined) expect(read('/', 'url', { host })).toBeUndefined();
  });

  it('are the protocol only where it is one of ours', () => {
    expect(read('/', 'protocol', { protocol: 'HTTP' })).toBe('http');
    expect(read('/', 'protocol', { protocol: 'javascript' })).toBeUndefined();
    expect(read('/', 'url', { protocol: 'javascript' })).toBeUndefined();
  });

  it('have an empty referrer where there is none, and the first of several', () => {
    expect(read('/', 'referrer')).toBe('');
    expect(
      read('/', 'referrer', { headers: { referer: ['https://a.example/', 'https://b.example/'] } }),
    ).toBe('https://a.example/');
  });

  it('never listen to forwarding headers', () => {
    const { location } = facts({
      headers: {
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'http',
        forwarded: 'host=evil.example',
      },
    });
    expect(location.get('url')).toBe('https://shop.example/');
  });

  it('come as one frozen object without what is unknown', () => {
    const object = facts({ host: '', url: '/p' }).locationObject();
    expect(object).toEqual({ path: '/p', query: '', referrer: '', protocol: 'https' });
    expect(Object.keys(object)).not.toContain('hostname');
    expect(Object.isFrozen(object)).toBe(true);
  });
});

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
