import { createRequire } from 'node:module';
import { describe, expect, it, vi } from 'vitest';
import { geoDatabase } from '../../../src/request/geo/geo-database.js';
import { type GeoOption, resolveGeo } from '../../../src/request/geo/geo.js';
import { plainAddress } from '../../../src/request/ip-address.js';
import type { ConvertError } from '../../../src/utils/errors.js';
import { facts, incoming, withHeaders } from '../incoming.js';

const nobody = (): void => undefined;
const LISTENER = { failing: nobody, recovered: nobody };

describe('geo', () => {
  it('reads nothing where it is not configured', () => {
    expect(facts({ headers: { 'cf-ipcountry': 'DE' } }).visitor.get('country')).toBeUndefined();
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
    [[], /geo: got an empty list/],
    [['cloudflare', 'clouflare'], /geo\[1\]: unknown platform "clouflare"/],
    [[['cloudflare']], /geo\[0\]: got a list/],
    [['cloudflare', { country: 'no header' }], /geo\[1\]\.country: not the name of a header/],
    [{ read: 7 }, /geo\.read: not a function/],
    [{ read: () => ({}), close: true }, /geo\.close: got boolean/],
  ])('refuses %j at construction', (option, message) => {
    expect(() => resolveGeo(option as GeoOption, nobody)).toThrowError(message);
    expect(() => resolveGeo(option as GeoOption, nobody)).toThrowError(
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
    await Promise.all([reader.load?.(LISTENER), reader.load?.(LISTENER)]);
    expect(open).toHaveBeenCalledTimes(1);
    expect(reader.read(request)).toEqual({ country: 'NL' });
    expect(reader.read(withHeaders({}))).toEqual({});
  });

  it('says what to install where the package is missing, and can be tried again', async () => {
    const name = 'a-package-that-is-not-there';
    const open = vi.fn(async () => createRequire(import.meta.url)(name) as () => object);
    const reader = geoDatabase({ name, open });
    const failure = (await reader.load?.(LISTENER).catch((error: unknown) => error)) as ConvertError;
    expect(failure.code).toBe('CONVERT_BAD_OPTION');
    expect(failure.message).toContain(`npm install ${name}`);
    await expect(reader.load?.(LISTENER)).rejects.toMatchObject({ code: 'CONVERT_BAD_OPTION' });
    expect(open).toHaveBeenCalledTimes(2);
    expect(reader.read(incoming({ ip: '192.0.2.1' }))).toEqual({});
  });

  it('says why a package that is there cannot be loaded', async () => {
    const reader = geoDatabase({
      name: 'some-db',
      open: () => Promise.reject(new Error('data file is cut off')),
    });
    await expect(reader.load?.(LISTENER)).rejects.toThrowError(
      /some-db cannot be loaded: data file is cut off/,
    );
  });

  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:192.0.2.1', '192.0.2.1'],
    ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['2001:db8::1', '2001:db8::1'],
    ['192.0.2.1:50123', '192.0.2.1'],
    ['[2001:db8::1]:50123', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[::ffff:192.0.2.1]:1', '192.0.2.1'],
    ['192.0.2.1:x', '192.0.2.1:x'],
    ['', ''],
    ['x'.repeat(100), ''],
  ])('looks %j up as %j', (ip, address) => {
    expect(plainAddress(ip)).toBe(address);
  });
});
