/** A request that another server tells of: what it tells is known, and nothing else. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { VisitorRequest } from '../../src/request/described-request.js';
import { createRequestReader } from '../../src/request/request-reader.js';
import '../support/loaded.js';

const reader = createRequestReader({
  geo: { name: 'test', read: ({ ip }) => (ip === '' ? {} : { country: 'DE' }) },
  onError: (error) => {
    throw error;
  },
});
const describeRequest = (request: VisitorRequest) => reader.describe(request, { isNewVisitor: true });

const LOCATION = ['url', 'path', 'hostname', 'referrer', 'query', 'protocol'] as const;
const VISITOR = [
  ...['country', 'device', 'desktop', 'browser', 'os', 'userAgent', 'language', 'visitorType', 'utm_source'],
  ...['source', 'campaign', 'medium'],
];

/** The properties that are known. */
function told(request: VisitorRequest) {
  const facts = describeRequest(request);
  const visitor = facts.visitor({});
  const known = (names: readonly string[], get: (name: string) => unknown) =>
    Object.fromEntries(names.flatMap((name) => (get(name) === undefined ? [] : [[name, get(name)]])));
  return {
    location: known(LOCATION, (name) => facts.location.get(name)),
    visitor: known(VISITOR, (name) => visitor.get(name)),
    segments: facts.segments(),
  };
}

const NEW = { visitorType: 'new' };
const DIRECT = { source: 'direct', campaign: '', medium: '' };
const DESKTOP =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36';

describe('what is known', () => {
  it.each<[VisitorRequest, Partial<ReturnType<typeof told>>]>([
    [{}, { location: {}, visitor: NEW, segments: NEW }],
    [
      { url: null, referrer: null, userAgent: null, ip: null },
      { location: {}, visitor: NEW, segments: NEW },
    ],
    [
      { userAgent: '', ip: '', url: '' },
      { location: {}, visitor: NEW, segments: NEW },
    ],
    [
      { url: 'HTTPS://user:secret@Shop.Example:8443/a?b=1#c' },
      {
        location: {
          url: 'https://shop.example:8443/a?b=1',
          path: '/a',
          hostname: 'shop.example',
          query: 'b=1',
          protocol: 'https',
        },
        visitor: { ...NEW, ...DIRECT },
      },
    ],
    [
      { url: '/a?utm_source=x' },
      { location: { path: '/a', query: 'utm_source=x' }, visitor: { ...NEW, ...DIRECT, utm_source: 'x' } },
    ],
    [{ url: '?a=1' }, { location: { query: 'a=1' } }],
    [{ url: 'shop.example/a' }, { location: {}, visitor: NEW }],
    [
      { referrer: 'https://www.google.com/' },
      { location: { referrer: 'https://www.google.com/' }, segments: { ...NEW, source: 'search' } },
    ],
    [{ ip: '192.0.2.7' }, { visitor: { ...NEW, country: 'DE' }, segments: { ...NEW, country: 'DE' } }],
    [
      { userAgent: DESKTOP },
      {
        visitor: {
          ...NEW,
          device: 'desktop',
          desktop: true,
          browser: 'chrome',
          os: 'windows',
          userAgent: DESKTOP,
        },
        segments: { ...NEW, browser: 'CH', devices: ['DESK'] },
      },
    ],
  ])('of %j', (request, expected) => {
    expect(told(request)).toMatchObject(expected);
    for (const [part, known] of Object.entries(expected))
      expect(told(request)[part as 'segments']).toEqual(known);
  });

  it('of properties that are given, they go first', () => {
    const visitor = describeRequest({ ip: '192.0.2.7' }).visitor({ country: 'FR', plan: 'pro' });
    expect(['country', 'plan', 'constructor'].map((name) => visitor.get(name))).toEqual([
      'FR',
      'pro',
      undefined,
    ]);
  });

  it('of any text, without an error', () => {
    const text = fc.oneof(fc.string(), fc.webUrl({ withQueryParameters: true }), fc.constant(undefined));
    fc.assert(
      fc.property(fc.record({ url: text, referrer: text, userAgent: text, ip: text }), (request) => {
        const { location } = told(request);
        if (location.url !== undefined) expect(location.url).toMatch(/^https?:\/\/[^/]/);
      }),
    );
  });
});
