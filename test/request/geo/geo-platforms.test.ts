import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GEO_PLATFORMS } from '../../../src/request/geo/geo-platforms.js';
import type { GeoOption } from '../../../src/request/geo/geo.js';
import type { GeoFacts } from '../../../src/request/geo/types.js';
import { GEO, place } from './geo-kit.js';

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');
/** As Node's HTTP parser hands UTF-8 bytes over. */
const wire = (text: string): string => Buffer.from(text).toString('latin1');

type Case = [what: string, geo: GeoOption, headers: Record<string, string>, expected: GeoFacts];

/** Values as the platforms send them. */
const SENT: Case[] = [
  [
    'the country, which is all without the managed transform',
    'cloudflare',
    { 'cf-ipcountry': 'DE' },
    { country: 'DE' },
  ],
  [
    'bytes of UTF-8',
    'cloudflare',
    {
      'cf-ipcountry': 'BR',
      'cf-region': wire('São Paulo'),
      'cf-region-code': 'SP',
      'cf-ipcity': wire('São Paulo'),
      'cf-ipcontinent': 'SA',
      'cf-timezone': 'America/Sao_Paulo',
      'cf-postal-code': '01000-000',
    },
    { country: 'BR', region: 'SP', city: 'São Paulo', continent: 'SA', timezone: 'America/Sao_Paulo' },
  ],
  [
    'text that an adapter of a cloud has decoded already',
    'cloudflare',
    { 'cf-ipcountry': 'IN', 'cf-ipcity': 'Srīperumbūdūr' },
    { country: 'IN', city: 'Srīperumbūdūr' },
  ],
  ['a visitor by Tor', 'cloudflare', { 'cf-ipcountry': 'T1' }, {}],
  ['a country that is not known', 'cloudflare', { 'cf-ipcountry': 'XX' }, {}],
  [
    'percent-encoded UTF-8',
    'vercel',
    {
      'x-vercel-ip-country': 'SK',
      'x-vercel-ip-country-region': 'ZI',
      'x-vercel-ip-city': '%C5%BDilina',
      'x-vercel-ip-continent': 'EU',
      'x-vercel-ip-timezone': 'Europe/Bratislava',
    },
    { country: 'SK', region: 'ZI', city: 'Žilina', continent: 'EU', timezone: 'Europe/Bratislava' },
  ],
  [
    'spaces, percent-encoded',
    'vercel',
    {
      'x-vercel-ip-country': 'US',
      'x-vercel-ip-country-region': 'CA',
      'x-vercel-ip-city': 'San%20Francisco',
      'x-vercel-ip-continent': 'NA',
      'x-vercel-ip-timezone': 'America/Los_Angeles',
    },
    {
      country: 'US',
      region: 'CA',
      city: 'San Francisco',
      continent: 'NA',
      timezone: 'America/Los_Angeles',
    },
  ],
  [
    'what the origin request policy names',
    'cloudfront',
    {
      'cloudfront-viewer-country': 'US',
      'cloudfront-viewer-country-name': 'United States',
      'cloudfront-viewer-country-region': 'MI',
      'cloudfront-viewer-country-region-name': 'Michigan',
      'cloudfront-viewer-city': 'Ann Arbor',
      'cloudfront-viewer-time-zone': 'America/Detroit',
      'cloudfront-viewer-metro-code': '505',
    },
    { country: 'US', region: 'MI', city: 'Ann Arbor', timezone: 'America/Detroit' },
  ],
  [
    'percent-encoded UTF-8',
    'cloudfront',
    { 'cloudfront-viewer-country': 'DE', 'cloudfront-viewer-city': 'M%C3%BCnchen' },
    { country: 'DE', city: 'München' },
  ],
  [
    'percent-encoded Latin-1',
    'cloudfront',
    { 'cloudfront-viewer-country': 'DE', 'cloudfront-viewer-city': 'M%FCnchen' },
    { country: 'DE', city: 'München' },
  ],
  [
    'base64 of JSON',
    'netlify',
    {
      'x-nf-geo': base64({
        city: 'Zürich',
        country: { code: 'CH', name: 'Switzerland' },
        subdivision: { code: 'ZH', name: 'Zurich' },
        timezone: 'Europe/Zurich',
        latitude: 47.4,
      }),
    },
    { country: 'CH', region: 'ZH', city: 'Zürich', timezone: 'Europe/Zurich' },
  ],
  [
    'JSON that an edge function passed on',
    'netlify',
    { 'x-nf-geo': wire('{"city":"Zürich","country":{"code":"CH"}}') },
    { country: 'CH', city: 'Zürich' },
  ],
  [
    'lower case',
    'appengine',
    {
      'x-appengine-country': 'US',
      'x-appengine-region': 'ca',
      'x-appengine-city': 'mountain view',
      'x-appengine-citylatlong': '37.386051,-122.083851',
    },
    { country: 'US', region: 'CA', city: 'mountain view' },
  ],
  [
    'marks of what is not known',
    'appengine',
    { 'x-appengine-country': 'ZZ', 'x-appengine-region': '?', 'x-appengine-city': '?' },
    {},
  ],
  [
    'EdgeScape',
    'akamai',
    {
      'x-akamai-edgescape':
        'georegion=16,country_code=AU,region_code=NSW,city=SYDNEY,lat=-33.88,long=151.22,timezone=GMT+10,continent=OC,throughput=vhigh,bw=5000,asnum=7545,location_id=0',
    },
    { country: 'AU', region: 'NSW', city: 'SYDNEY', continent: 'OC' },
  ],
  [
    'fields of EdgeScape that are empty',
    'akamai',
    {
      'x-akamai-edgescape':
        'georegion=61,country_code=DK,region_code=,city=COPENHAGEN,dma=,pmsa=,msa=,areacode=,county=,fips=,lat=55.67,long=12.58,timezone=GMT+1,zip=,continent=EU,throughput=vhigh,bw=5000,asnum=3292',
    },
    { country: 'DK', city: 'COPENHAGEN', continent: 'EU' },
  ],
  [
    'an address that is reserved',
    'akamai',
    { 'x-akamai-edgescape': 'georegion=0,country_code=reserved,city=reserved,continent=reserved' },
    {},
  ],
  [
    "codes of CLDR, as a load balancer of Google's writes them",
    { country: 'X-Client-Region', region: 'X-Client-Region-Subdivision', city: 'X-Client-City' },
    { 'x-client-region': 'US', 'x-client-region-subdivision': 'USCA', 'x-client-city': 'Mountain View' },
    { country: 'US', region: 'CA', city: 'Mountain View' },
  ],
  [
    'what Fastly knows nothing of',
    { country: 'x-geo-country', region: 'x-geo-region', city: 'x-geo-city', continent: 'x-geo-continent' },
    { 'x-geo-country': '**', 'x-geo-region': 'NO REGION', 'x-geo-city': 'reserved', 'x-geo-continent': '**' },
    {},
  ],
  [
    'true Latin-1',
    { country: 'x-country', city: 'x-city' },
    { 'x-country': 'DE', 'x-city': 'M\xfcnchen' },
    { country: 'DE', city: 'München' },
  ],
  [
    'a percent sign that begins no escape',
    { country: 'x-country', city: 'x-city' },
    { 'x-country': 'DE', 'x-city': '100% %zz M%FCnchen' },
    { country: 'DE', city: '100% %zz München' },
  ],
];

const named = Object.keys(GEO_PLATFORMS) as (keyof typeof GEO_PLATFORMS)[];
const ALL_HEADERS = Object.assign({}, ...SENT.map(([, , headers]) => headers)) as Record<string, string>;

describe('a platform', () => {
  it.each(SENT)('sends %s: %j', (_, geo, headers, expected) => {
    expect(place(geo, headers)).toEqual(expected);
  });

  it.each(named)('is known by its name, with a value that it sends: %s', (name) => {
    expect(SENT.filter(([, geo, , expected]) => geo === name && 'country' in expected)).not.toEqual([]);
  });

  it.each(SENT)('is read by its own headers and no others: %s: %j', (_, geo, headers) => {
    const others = Object.entries(ALL_HEADERS).filter(([name]) => !(name in headers));
    const own =
      typeof geo === 'string' ? JSON.stringify(GEO_PLATFORMS[geo]) : JSON.stringify(geo).toLowerCase();
    const foreign = Object.fromEntries(others.filter(([name]) => !own.includes(`"${name}"`)));
    expect(place(geo, { ...headers, ...foreign })).toEqual(place(geo, headers));
  });

  it('is asked for the first of a repeated header', () => {
    expect(place('cloudflare', { 'cf-ipcountry': ['DE', 'FR'] })).toEqual({ country: 'DE' });
  });

  it.each(['', '%%%', 'bm90IGpzb24=', base64(null), base64([1]), base64({ country: 'US', city: 7 }), '{"a'])(
    'of which a Netlify header tells nothing: %j',
    (header) => {
      expect(place('netlify', { 'x-nf-geo': header })).toEqual({});
    },
  );

  it('that sends anything at all breaks nothing: what is known is short, and of its kind', () => {
    const escapes = fc.array(fc.constantFrom('%FC', '%C3%BC', '%', '%0', '%00', '%0A', 'ü', 'a', ' ', '-'));
    const json = fc.json().map((text) => Buffer.from(text).toString('base64'));
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ minLength: 600, maxLength: 9000 }),
      escapes.map((parts) => parts.join('')),
      json,
    );
    const value = fc.oneof(text, text.map(wire), fc.array(text, { maxLength: 3 }));
    const names = [...new Set([...Object.keys(ALL_HEADERS), 'cf-region-code', 'x-country', 'x-city'])];
    const geo = fc.constantFrom<GeoOption>(...named, { country: 'x-country', city: 'x-city' }, [
      'cloudflare',
      'vercel',
      { country: 'x-country', city: 'x-city' },
    ]);
    fc.assert(
      fc.property(geo, value, value, (option, one, other) => {
        const found = place(option, Object.fromEntries(names.map((name, i) => [name, i % 2 ? one : other])));
        for (const name of GEO) {
          const fact = found[name] ?? 'A';
          expect(fact.length).toBeLessThanOrEqual(128);
          // eslint-disable-next-line no-control-regex
          expect(fact).toMatch(/^[^\0-\x1f\x7f-\x9f]*[\p{L}\p{N}][^\0-\x1f\x7f-\x9f]*$/u);
        }
        expect(found.country ?? 'AA').toMatch(/^[A-Z]{2}$/);
        expect(found.continent ?? 'AA').toMatch(/^[A-Z]{2}$/);
      }),
      { numRuns: 200 },
    );
  });
});
