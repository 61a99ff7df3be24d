import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { ConvertError } from '../../src/errors.js';
import { geoDatabase, plainAddress } from '../../src/request/geo-database.js';
import { resolveGeo, type GeoOption } from '../../src/request/geo.js';
import { facts, incoming, withHeaders } from './incoming.js';

const GEO = ['country', 'region', 'city', 'continent', 'timezone'];

/** The geo properties that a request has with an option. */
function place(geo: GeoOption, headers: Record<string, string | string[]>): Record<string, unknown> {
  const { visitor } = facts({ headers }, { geo });
  return Object.fromEntries(
    GEO.map((name) => [name, visitor.get(name)]).filter(([, value]) => value !== undefined),
  );
}

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');
/** As Node's HTTP parser hands UTF-8 bytes over. */
const wire = (text: string): string => Buffer.from(text).toString('latin1');

const ALL_HEADERS = {
  'cf-ipcountry': 'BR',
  'cf-region-code': 'SP',
  'cf-ipcity': wire('São Paulo'),
  'cf-ipcontinent': 'SA',
  'cf-timezone': 'America/Sao_Paulo',
  'x-vercel-ip-country': 'US',
  'x-vercel-ip-country-region': 'CA',
  'x-vercel-ip-city': 'San%20Francisco',
  'x-vercel-ip-continent': 'NA',
  'x-vercel-ip-timezone': 'America/Los_Angeles',
  'cloudfront-viewer-country': 'DE',
  'cloudfront-viewer-country-region': 'BY',
  'cloudfront-viewer-city': 'M%C3%BCnchen',
  'cloudfront-viewer-time-zone': 'Europe/Berlin',
  'x-nf-geo': base64({
    city: 'Zürich',
    country: { code: 'CH', name: 'Switzerland' },
    subdivision: { code: 'ZH', name: 'Zurich' },
    timezone: 'Europe/Zurich',
    latitude: 47.4,
  }),
  'x-appengine-country': 'fr',
  'x-appengine-region': 'idf',
  'x-appengine-city': 'paris',
  'x-akamai-edgescape':
    'georegion=263,country_code=US,region_code=MA,city=CAMBRIDGE,dma=506,timezone=EST,continent=NA,throughput=vhigh',
  'x-site-country': 'AT',
  'x-site-city': 'Wien',
};

describe('geo', () => {
  it.each<[GeoOption, Record<string, string>]>([
    [
      'cloudflare',
      { country: 'BR', region: 'SP', city: 'São Paulo', continent: 'SA', timezone: 'America/Sao_Paulo' },
    ],
    [
      'vercel',
      {
        country: 'US',
        region: 'CA',
        city: 'San Francisco',
        continent: 'NA',
        timezone: 'America/Los_Angeles',
      },
    ],
    ['cloudfront', { country: 'DE', region: 'BY', city: 'München', timezone: 'Europe/Berlin' }],
    ['netlify', { country: 'CH', region: 'ZH', city: 'Zürich', timezone: 'Europe/Zurich' }],
    ['appengine', { country: 'FR', region: 'IDF', city: 'paris' }],
    ['akamai', { country: 'US', region: 'MA', city: 'CAMBRIDGE', continent: 'NA' }],
    [
      { country: 'X-Site-Country', city: 'x-site-city' },
      { country: 'AT', city: 'Wien' },
    ],
  ])('%j reads its own headers and no others', (geo, expected) => {
    expect(place(geo, ALL_HEADERS)).toEqual(expected);
  });

  it('reads nothing where it is not configured', () => {
    expect(facts({ headers: ALL_HEADERS }).visitor.get('country')).toBeUndefined();
  });

  it.each(['XX', 'T1', 'ZZ', '?', '', 'USA', 'U', '1', 'u$', 'A1'])(
    'does not take %j for a country',
    (code) => {
      expect(place('cloudflare', { 'cf-ipcountry': code, 'cf-ipcity': '?', 'cf-ipcontinent': 'T1' })).toEqual(
        {},
      );
    },
  );

  it('takes the first of a repeated header', () => {
    expect(place('cloudflare', { 'cf-ipcountry': ['DE', 'FR'] })).toEqual({ country: 'DE' });
  });

  it.each(['', '%%%', 'bm90IGpzb24=', base64(null), base64([1]), base64({ country: 'US', city: 7 }), '{"a'])(
    'knows nothing from a Netlify header %j',
    (header) => {
      const found = facts({ headers: { 'x-nf-geo': header } }, { geo: 'netlify' });
      expect(found.visitor.get('country')).toBeUndefined();
      expect(found.visitor.get('city')).toBeUndefined();
      expect(found.errors).toEqual([]);
    },
  );

  it('survives any header, with short values', () => {
    const header = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ minLength: 600, maxLength: 9000 }));
    fc.assert(
      fc.property(fc.constantFrom('cloudflare', 'vercel', 'netlify', 'akamai'), header, (platform, value) => {
        const headers = Object.fromEntries(Object.keys(ALL_HEADERS).map((name) => [name, value]));
        const found = facts({ headers }, { geo: platform as GeoOption });
        for (const name of GEO) {
          expect(((found.visitor.get(name) ?? '') as string).length).toBeLessThanOrEqual(128);
        }
        expect(found.visitor.get('country') ?? 'AA').toMatch(/^[A-Z]{2}$/);
        expect(found.errors).toEqual([]);
      }),
    );
  });

  it('asks a function once per request, with the request of the framework', () => {
    const geo = vi.fn(() => ({ country: 'de', city: 'Ulm', region: undefined, planet: 'earth' }));
    const found = facts({ ip: '192.0.2.1' }, { geo });
    expect(geo).not.toHaveBeenCalled();
    expect(found.visitor.get('country')).toBe('DE');
    expect(found.visitor.get('city')).toBe('Ulm');
    expect(found.visitor.get('region')).toBeUndefined();
    expect(found.segments().country).toBe('DE');
    expect(geo.mock.calls).toEqual([[{ raw: true }]]);
    expect(found.errors).toEqual([]);
  });

  it('takes undefined from a function for an unknown place', () => {
    const found = facts({}, { geo: () => undefined });
    expect(found.visitor.get('country')).toBeUndefined();
    expect(found.errors).toEqual([]);
  });

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('no database');
      },
    ],
    ['returns a promise', () => Promise.reject(new Error('late'))],
    ['returns a text', () => 'DE'],
  ])('reports a function that %s once per request, and has no place', (_, geo) => {
    const found = facts({}, { geo: geo as () => undefined });
    expect(found.visitor.get('country')).toBeUndefined();
    expect(found.visitor.get('city')).toBeUndefined();
    expect(found.segments()).not.toHaveProperty('country');
    expect(found.errors.map(({ code }) => code)).toEqual(['CONVERT_CALLBACK']);
    expect(found.errors[0]?.message).toContain('geo');
  });

  it.each<[unknown, RegExp]>([
    [
      'clouflare',
      /geo: unknown platform "clouflare".*cloudflare, vercel, cloudfront, netlify, appengine, akamai/,
    ],
    ['constructor', /unknown platform/],
    [7, /geo: got number; meant is/],
    [null, /geo: got null/],
    [{}, /geo: no header for country/],
    [{ city: 'x-city' }, /geo: no header for country/],
    [{ country: 'x-country', contry: 'x' }, /geo: unknown fact "contry"/],
    [{ country: 'no header' }, /geo\.country: not the name of a header/],
    [{ country: 7 }, /geo\.country/],
  ])('refuses %j at construction', (option, message) => {
    expect(() => resolveGeo(option as GeoOption)).toThrowError(message);
    expect(() => resolveGeo(option as GeoOption)).toThrowError(
      expect.objectContaining({ code: 'CONVERT_BAD_OPTION' }),
    );
  });
});

describe('a geo database', () => {
  it('is opened once, and knows nothing before', async () => {
    const open = vi.fn(async () => (ip: string) => (ip === '192.0.2.1' ? { country: 'NL', city: '' } : null));
    const reader = geoDatabase({ name: 'some-db', open });
    const request = incoming({ ip: '::ffff:192.0.2.1' });
    expect(reader.read(request)).toEqual({});
    await Promise.all([reader.load?.(), reader.load?.()]);
    expect(open).toHaveBeenCalledTimes(1);
    expect(reader.read(request)).toEqual({ country: 'NL' });
    expect(reader.read(withHeaders({}))).toEqual({});
  });

  it('says what to install where the package is missing, and can be tried again', async () => {
    const name = 'a-package-that-is-not-there';
    const open = vi.fn(async () => createRequire(import.meta.url)(name) as () => object);
    const reader = geoDatabase({ name, open });
    const failure = (await reader.load?.().catch((error: unknown) => error)) as ConvertError;
    expect(failure.code).toBe('CONVERT_BAD_OPTION');
    expect(failure.message).toContain(`npm install ${name}`);
    await expect(reader.load?.()).rejects.toMatchObject({ code: 'CONVERT_BAD_OPTION' });
    expect(open).toHaveBeenCalledTimes(2);
    expect(reader.read(incoming({ ip: '192.0.2.1' }))).toEqual({});
  });

  it('says why a package that is there cannot be loaded', async () => {
    const reader = geoDatabase({
      name: 'some-db',
      open: () => Promise.reject(new Error('data file is cut off')),
    });
    await expect(reader.load?.()).rejects.toThrowError(/some-db cannot be loaded: data file is cut off/);
  });

  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:192.0.2.1', '192.0.2.1'],
    ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['2001:db8::1', '2001:db8::1'],
    ['', ''],
    ['x'.repeat(100), ''],
  ])('looks %j up as %j', (ip, address) => {
    expect(plainAddress(ip)).toBe(address);
  });
});
