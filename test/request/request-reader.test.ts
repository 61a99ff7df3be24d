import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { HeaderValue } from '../../src/model/http.js';
import { createRequestReader } from '../../src/request/request-reader.js';
import { HINT_HEADERS } from '../../src/request/user-agent/client-hints.js';
import { facts, watched } from './incoming.js';

const FULL = {
  url: '/p?utm_source=a&utm_medium=b&utm_campaign=c',
  ip: '192.0.2.1',
  headers: {
    'user-agent': 'curl/8.5.0',
    referer: 'https://a.example/',
    'accept-language': 'en',
    'cf-ipcountry': 'DE',
  },
};

const onError = (error: Error): never => {
  throw error;
};

const CLIENT = ['user-agent', ...HINT_HEADERS].map((name) => `headers.${name}`);

describe('reading a request', () => {
  const reader = createRequestReader({ geo: 'cloudflare', onError });
  const reads = (use: (found: ReturnType<typeof reader.read>) => unknown): string[] => {
    const { request, reads } = watched(FULL);
    use(reader.read(request, { isNewVisitor: true }));
    return reads;
  };

  it('reads nothing by itself', () => {
    expect(reads((found) => [found.location, found.visitor])).toEqual([]);
  });

  it.each<[string, string[]]>([
    ['path', ['url']],
    ['query', ['url']],
    ['hostname', ['host']],
    ['protocol', ['protocol']],
    ['referrer', ['headers.referer']],
    ['url', ['protocol', 'host', 'url']],
    ['nothing', []],
  ])('reads for the location property %s no more than %j', (name, expected) => {
    expect(reads((found) => found.location.get(name))).toEqual(expected);
  });

  it.each<[string, string[]]>([
    ['utm_source', ['url']],
    ['language', ['headers.accept-language']],
    ['browser', CLIENT],
    ['userAgent', ['headers.user-agent']],
    ['mobile', CLIENT],
    ['visitorType', []],
    ['nothing', []],
  ])('reads for the visitor property %s no more than %j', (name, expected) => {
    expect(reads((found) => found.visitor.get(name))).toEqual(expected);
  });

  it('reads no user agent for a country, and no country for a user agent', () => {
    expect(reads((found) => found.visitor.get('country'))).not.toContain('headers.user-agent');
    expect(reads((found) => found.visitor.get('browser'))).not.toContain('headers.cf-ipcountry');
  });

  it('reads each thing once, however often it is asked', () => {
    const all = reads((found) => {
      for (let i = 0; i < 2; i++) {
        for (const name of Object.keys(found.locationObject())) found.location.get(name);
        for (const name of Object.keys(found.visitorObject())) found.visitor.get(name);
        found.segments();
      }
    });
    expect(all).toContain('headers.user-agent');
    expect(all).toContain('headers.cf-ipcountry');
    expect(all.length).toBe(new Set(all).size);
  });

  it('asks whether the visitor is new only for the visitor type and the segments, and once', () => {
    const isNewVisitor = vi.fn(() => false);
    const visitor = {
      get isNewVisitor() {
        return isNewVisitor();
      },
    };
    const found = facts(FULL, {}, visitor);
    found.locationObject();
    found.visitor.get('browser');
    found.visitor.get('utm_source');
    expect(isNewVisitor).not.toHaveBeenCalled();
    expect(found.segments().visitorType).toBe('returning');
    expect(found.visitor.get('visitorType')).toBe('returning');
    expect(found.visitorObject().visitorType).toBe('returning');
    expect(isNewVisitor).toHaveBeenCalledTimes(1);
  });

  it('gives the same objects again', () => {
    const found = facts(FULL);
    expect(found.locationObject()).toBe(found.locationObject());
    expect(found.visitorObject()).toBe(found.visitorObject());
    expect(found.location).toBe(found.location);
    expect(found.visitor).toBe(found.visitor);
  });

  it('loads the geo reader, where there is something to load', async () => {
    const load = vi.fn(async () => {});
    await createRequestReader({ geo: { name: 'mine', load, read: () => ({}) }, onError }).load();
    expect(load).toHaveBeenCalledTimes(1);
    await expect(createRequestReader({ geo: 'vercel', onError }).load()).resolves.toBeUndefined();
    await expect(createRequestReader({ onError }).load()).resolves.toBeUndefined();
  });
});

describe('a hostile request', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc
      .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 50 })
      .map((units) => String.fromCharCode(...units)),
    fc.constantFrom(
      '%',
      '%ff',
      '\ud800',
      '__proto__',
      '?__proto__=1&constructor=2',
      'http://',
      '//',
      '[',
      'a:b:c',
      ',;q=,',
    ),
    fc.constantFrom('a%C3', '&', '1.', '=', ' ', ',', ';q=1,').map((piece) => piece.repeat(9000)),
  );
  const header = fc.oneof<fc.Arbitrary<HeaderValue>[]>(
    hostile,
    fc.array(hostile, { maxLength: 2 }),
    fc.constant(undefined),
  );
  const names = [
    'user-agent',
    'referer',
    'accept-language',
    'cf-ipcountry',
    'cf-ipcity',
    'x-nf-geo',
    'x-akamai-edgescape',
  ];
  const headers = fc.record(Object.fromEntries(names.map((name) => [name, header])), { requiredKeys: [] });
  const geo = fc.constantFrom('cloudflare', 'netlify', 'akamai');
  const readers = new Map(
    (['cloudflare', 'netlify', 'akamai'] as const).map((name) => [
      name,
      createRequestReader({ geo: name, onError }),
    ]),
  );

  it('never throws, and every text that comes of it is bounded', () => {
    fc.assert(
      fc.property(
        hostile,
        hostile,
        hostile,
        hostile,
        headers,
        geo,
        (url, host, protocol, ip, headers, platform) => {
          const request = {
            method: 'GET',
            url: `/?utm_campaign=${url}`,
            host,
            protocol,
            ip,
            headers,
            raw: undefined,
          };
          for (const target of [request, { ...request, url }]) {
            const found = readers.get(platform)!.read(target, { isNewVisitor: false });
            for (const value of Object.values(found.locationObject())) {
              expect(value).toSatisfy((text: string) => text.length <= 8192);
            }
            for (const [name, value] of Object.entries(found.visitorObject())) {
              const max = name === 'userAgent' ? 512 : 256;
              if (typeof value === 'string') expect(value.length).toBeLessThanOrEqual(max);
            }
            expect(JSON.stringify(found.segments()).length).toBeLessThanOrEqual(2500);
          }
        },
      ),
      { numRuns: 400 },
    );
  });
});
