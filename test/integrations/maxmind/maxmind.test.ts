import { renameSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { Reader } from 'maxmind';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { mmdbLookup } from '../../../src/integrations/maxmind/mmdb.js';
import { maxmind, type MaxmindOptions } from '../../../src/maxmind.js';
import { knownLocation } from '../../../src/request/geo/geo-location.js';
import type { GeoFacts, GeoReader } from '../../../src/request/geo/types.js';
import { createRequestReader } from '../../../src/request/request-reader.js';
import type { ConvertError } from '../../../src/utils/errors.js';
import { incoming } from '../../request/incoming.js';
import { startChild } from '../../support/child.js';
import { temporaryFolder } from '../../support/folder.js';
import { mmdb, type MmdbOptions, type MmdbValue } from '../../support/mmdb.js';

/** A record of GeoLite2 City. */
const OXFORD = {
  city: { geoname_id: 2640729, names: { de: 'Oxford', en: 'Oxford' } },
  continent: { code: 'EU', geoname_id: 6255148, names: { de: 'Europa', en: 'Europe' } },
  country: { geoname_id: 2635167, iso_code: 'GB', names: { en: 'United Kingdom' } },
  location: { accuracy_radius: 20, latitude: 51.75, longitude: 1.25, time_zone: 'Europe/London' },
  postal: { code: 'OX1' },
  registered_country: { geoname_id: 3017382, iso_code: 'FR', is_in_european_union: true },
  subdivisions: [
    { iso_code: 'ENG', names: { en: 'England' } },
    { iso_code: 'OXF', names: { en: 'Oxfordshire' } },
  ],
};
const PLACE = {
  country: 'GB',
  region: 'ENG',
  city: 'Oxford',
  continent: 'EU',
  timezone: 'Europe/London',
};
const country = (iso_code: string): MmdbValue => ({ country: { iso_code } });

const known = (place: object | null | undefined): GeoFacts =>
  Object.fromEntries(Object.entries(knownLocation(place ?? {})).filter(([, value]) => value !== undefined));

/** What a database of one record says of an address in it. */
const told = (record: MmdbValue): GeoFacts =>
  known(mmdbLookup(mmdb({ '1.2.3.0/24': record }), Reader)('1.2.3.4'));

describe('a record', () => {
  it.each<[string, MmdbValue, GeoFacts]>([
    ['GeoIP2 and GeoLite2 City', OXFORD, PLACE],
    [
      'GeoLite2 Country',
      { continent: OXFORD.continent, country: OXFORD.country, registered_country: OXFORD.registered_country },
      { country: 'GB', continent: 'EU' },
    ],
    ['an address that is only registered somewhere', { registered_country: OXFORD.registered_country }, {}],
    [
      'DB-IP City Lite, which has no codes of regions',
      {
        city: { names: { en: 'Mountain View' } },
        continent: { code: 'NA', geoname_id: 6255149, names: { en: 'North America' } },
        country: {
          geoname_id: 6252001,
          is_in_european_union: false,
          iso_code: 'US',
          names: { en: 'United States' },
        },
        location: { latitude: 37.4, longitude: 122.1 },
        subdivisions: [{ names: { en: 'California' } }],
      },
      { country: 'US', region: 'California', city: 'Mountain View', continent: 'NA' },
    ],
    [
      'IPinfo Lite',
      {
        asn: 'AS15169',
        as_name: 'Google LLC',
        as_domain: 'google.com',
        continent: 'North America',
        continent_code: 'NA',
        country: 'United States',
        country_code: 'US',
      },
      { country: 'US', continent: 'NA' },
    ],
    [
      'older files of IPinfo',
      { continent: 'NA', continent_name: 'North America', country: 'US', country_name: 'United States' },
      { country: 'US', continent: 'NA' },
    ],
    [
      'IPinfo Core',
      {
        geo: {
          city: 'Mountain View',
          region: 'California',
          region_code: 'CA',
          country: 'United States',
          country_code: 'US',
          continent: 'North America',
          continent_code: 'NA',
          timezone: 'America/Los_Angeles',
        },
      },
      {
        country: 'US',
        region: 'CA',
        city: 'Mountain View',
        continent: 'NA',
        timezone: 'America/Los_Angeles',
      },
    ],
    [
      'flat files that are made of others',
      { city: 'Sydney', country_code: 'AU', state1: 'New South Wales', timezone: 'Australia/Sydney' },
      { country: 'AU', region: 'New South Wales', city: 'Sydney', timezone: 'Australia/Sydney' },
    ],
    ['one with nothing of a place', { asn: 'AS15169', is_anycast: true }, {}],
    ['one that is no map', 'US', {}],
    [
      'one of another making',
      { country: ['US'], city: { names: 'x' }, subdivisions: {}, location: 'x', geo: 1 },
      {},
    ],
  ])('of %s', (_, record, expected) => {
    expect(told(record)).toEqual(expected);
  });
});

describe('a MaxMind DB', () => {
  const formats = ([4, 6] as const).flatMap((ipVersion) =>
    ([24, 28, 32] as const).map((recordSize): MmdbOptions => ({ ipVersion, recordSize })),
  );
  it.each(formats)('is asked for addresses of either kind: %j', (format) => {
    const v6: Record<string, MmdbValue> = format.ipVersion === 6 ? { '2001:db8::/32': country('FR') } : {};
    const lookup = mmdbLookup(
      mmdb({ '81.2.69.0/24': OXFORD, '81.2.69.128/25': country('DE'), ...v6 }, format),
      Reader,
    );
    expect(known(lookup('81.2.69.1'))).toEqual(PLACE);
    expect(known(lookup('81.2.69.129'))).toEqual({ country: 'DE' });
    expect(known(lookup('::ffff:81.2.69.1'))).toEqual(PLACE);
    expect(known(lookup('::ffff:5102:4501'))).toEqual(PLACE);
    expect(known(lookup('2001:db8::1'))).toEqual(format.ipVersion === 6 ? { country: 'FR' } : {});
    // 81.2.69.1 by its first bits, in a tree that ends after 32 of them.
    expect(known(lookup('5102:4501::'))).toEqual({});
    for (const ip of [
      '81.2.70.1',
      '2001:db9::1',
      '10.0.0.1',
      'fe80::1%eth0',
      '',
      'x',
      '81.2.69',
      '81.2.69.1.1',
    ]) {
      expect(known(lookup(ip)), ip).toEqual({});
    }
  });

  it('answers whatever it is asked', () => {
    const lookup = mmdbLookup(mmdb({ '0.0.0.0/0': country('DE'), '2000::/3': country('FR') }), Reader);
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string(), fc.string({ unit: 'binary' })), (ip) => {
        lookup(ip);
      }),
    );
    fc.assert(
      fc.property(fc.ipV4(), (ip) => {
        expect(lookup(ip)).toEqual({ country: 'DE' });
      }),
    );
  });

  const whole = mmdb({ '0.0.0.0/1': OXFORD, '128.0.0.0/1': country('DE'), '2000::/3': country('FR') });
  it('is refused where it is not whole, or no such file, and it is said why', () => {
    expect(() => mmdbLookup(gzipSync(whole), Reader)).toThrowError(/gzip.*unpack/);
    expect(() => mmdbLookup(Buffer.from('{"country":"DE"}'), Reader)).toThrowError(/no MaxMind DB/);
    expect(() => mmdbLookup(Buffer.alloc(0), Reader)).toThrowError(/no MaxMind DB/);
    expect(() => mmdbLookup(mmdb({ '1.0.0.0/8': 'x' }, { formatVersion: 3 }), Reader)).toThrowError(
      /version 3/,
    );
    // The end of one file behind the beginning of another.
    const shifted = Buffer.concat([Buffer.alloc(64, 1), whole]);
    expect(() => mmdbLookup(shifted, Reader)).toThrowError(/damaged/);
  });

  it('is refused in any half of it', () => {
    fc.assert(
      fc.property(fc.nat({ max: whole.length - 1 }), (length) => {
        expect(() => mmdbLookup(whole.subarray(0, length), Reader)).toThrowError();
      }),
    );
  });
});

const INTERVAL = 100;

interface Opened {
  readonly path: string;
  readonly reader: GeoReader;
  /** What its listener heard. */
  readonly told: string[];
  readonly place: () => string | undefined;
  readonly replace: (bytes: Buffer) => void;
}

/** A reader that is loaded, of a file with these bytes; without them, of what is at the path. */
async function opened(bytes?: Buffer, path = join(temporaryFolder('mmdb'), 'geo.mmdb')): Promise<Opened> {
  if (bytes) writeFileSync(path, bytes);
  const reader = maxmind(path, { interval: INTERVAL });
  const told: string[] = [];
  const listener = {
    failing: (error: ConvertError) => void told.push(`${error.code} ${error.message}`),
    recovered: (what: string) => void told.push(what),
  };
  await reader.load?.(listener);
  onTestFinished(() => reader.close?.(listener));
  return {
    path,
    reader,
    told,
    place: () => reader.read(incoming({ ip: '1.2.3.4' })).country,
    replace(next) {
      writeFileSync(`${path}.new`, next);
      renameSync(`${path}.new`, path);
    },
  };
}
const of = (code: string): Buffer => mmdb({ '1.0.0.0/8': country(code) });
const WAIT = { timeout: 60_000, interval: 20 };
/** Long enough for a reader to have looked some times. */
const looks = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5 * INTERVAL));

describe('maxmind(path)', () => {
  it('knows a place once the file is loaded', async () => {
    const { path, place, told } = await opened(of('DE'));
    expect(place()).toBe('DE');
    expect(maxmind(path).read(incoming({ ip: '1.2.3.4' }))).toEqual({});
    expect(told).toEqual([]);
  });

  it('is read through the properties of a request', async () => {
    const path = join(temporaryFolder('mmdb'), 'geo.mmdb');
    writeFileSync(path, mmdb({ '81.2.69.0/24': OXFORD }));
    const reader = createRequestReader({ geo: ['cloudflare', maxmind(path)], onError: () => undefined });
    await reader.load();
    onTestFinished(() => reader.close());
    const request = incoming({ ip: '::ffff:81.2.69.160', headers: { 'cf-ipcountry': 'GB' } });
    expect(reader.read(request, { isNewVisitor: true }).visitorObject()).toMatchObject({
      ...PLACE,
      eu: false,
    });
  });

  it('reads the file again when another one takes its place', async () => {
    const { place, replace, told } = await opened(of('DE'));
    replace(of('FR'));
    await vi.waitFor(() => expect(place()).toBe('FR'), WAIT);
    replace(of('AT'));
    await vi.waitFor(() => expect(place()).toBe('AT'), WAIT);
    expect(told).toEqual([]);
  });

  it('reads it again when it is written in place, and behind a link that is swapped', async () => {
    const { path, place } = await opened(of('DE'));
    writeFileSync(path, of('FR'));
    await vi.waitFor(() => expect(place()).toBe('FR'), WAIT);
    writeFileSync(`${path}.at`, of('AT'));
    symlinkSync(`${path}.at`, `${path}.link`);
    renameSync(`${path}.link`, path);
    await vi.waitFor(() => expect(place()).toBe('AT'), WAIT);
  });

  it('keeps what it has while the file is half written, missing or broken, and tells that once', async () => {
    const { path, place, replace, told } = await opened(of('DE'));
    writeFileSync(path, of('FR').subarray(0, 100));
    await vi.waitFor(() => expect(told).toHaveLength(1), WAIT);
    expect(told[0]).toMatch(
      /^CONVERT_GEO convert: geo: .*geo\.mmdb can not be used;.*what was read of it last stays in force/,
    );
    expect(told[0]).toContain('(it is no MaxMind DB');
    unlinkSync(path);
    await looks();
    replace(Buffer.from('rubbish'));
    await looks();
    expect(place()).toBe('DE');
    expect(told).toHaveLength(1);
    replace(of('FR'));
    await vi.waitFor(() => expect(place()).toBe('FR'), WAIT);
    await vi.waitFor(() => expect(told).toHaveLength(2), WAIT);
    expect(told[1]).toMatch(/geo\.mmdb can be used again/);
    // The next outage is another one.
    unlinkSync(path);
    await vi.waitFor(() => expect(told).toHaveLength(3), WAIT);
    expect(told[2]).toContain('(ENOENT)');
    expect(place()).toBe('FR');
  });

  it('tells that the same file is back', async () => {
    const { path, told } = await opened(of('DE'));
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    renameSync(path, `${path}.away`);
    await vi.waitFor(() => expect(told).toHaveLength(1), WAIT);
    renameSync(`${path}.away`, path);
    await vi.waitFor(() => expect(told).toHaveLength(2), WAIT);
  });

  it('looks for a file that is not there yet', async () => {
    const { place, replace, told } = await opened();
    expect(told).toEqual([expect.stringMatching(/places are unknown until then \(ENOENT\)/)]);
    expect(place()).toBeUndefined();
    replace(of('DE'));
    await vi.waitFor(() => expect(place()).toBe('DE'), WAIT);
    await vi.waitFor(() => expect(told).toHaveLength(2), WAIT);
  });

  it('waits for no pipe, and reads no folder', async () => {
    const { told } = await opened(undefined, temporaryFolder('mmdb'));
    expect(told).toEqual([expect.stringContaining('it is not a file')]);
  });

  it('serves several instances, and stops looking with the last of them', async () => {
    const { reader, place, replace, told, path } = await opened();
    const heard: string[] = [];
    const other = {
      failing: ({ code }: ConvertError) => void heard.push(code),
      recovered: (what: string) => void heard.push(what),
    };
    await reader.load?.(other);
    expect(heard).toEqual(['CONVERT_GEO']);
    reader.close?.(other);
    replace(of('DE'));
    await vi.waitFor(() => expect(place()).toBe('DE'), WAIT);
    await vi.waitFor(() => expect(told).toHaveLength(2), WAIT);
    expect(heard).toHaveLength(1);

    const single = maxmind(path, { interval: INTERVAL });
    await single.load?.(other);
    single.close?.(other);
    replace(of('FR'));
    await vi.waitFor(() => expect(place()).toBe('FR'), WAIT);
    await looks();
    expect(single.read(incoming({ ip: '1.2.3.4' })).country).toBe('DE');
    await single.load?.(other);
    expect(single.read(incoming({ ip: '1.2.3.4' })).country).toBe('FR');
    single.close?.(other);
  });

  it('keeps no process alive', async () => {
    const { path } = await opened(of('DE'));
    const script = `
      import { maxmind } from 'convert-middleware/maxmind';
      const reader = maxmind(${JSON.stringify(path)}, { interval: 100 });
      await reader.load({ failing: console.log, recovered() {} });
      console.log(reader.read({ ip: '1.2.3.4' }).country);
    `;
    expect(await startChild(script).ended).toMatchObject({ code: 0, output: 'DE\n' });
  });

  it.each<[unknown, unknown, RegExp]>([
    ['', {}, /maxmind: option `path` must be a non-empty string/],
    [undefined, {}, /maxmind: option `path` must be a non-empty string/],
    ['x.mmdb', { interval: 1 }, /option `interval` must be a number of milliseconds from 100/],
    ['x.mmdb', { watch: true }, /unknown option `watch`/],
  ])('refuses %j, %j', (path, options, message) => {
    expect(() => maxmind(path as string, options as MaxmindOptions)).toThrowError(message);
  });
});
