import { readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { geoipLite, type GeoipLiteOptions } from '../../../src/geoip-lite.js';
import { addressBytes } from '../../../src/integrations/geoip-lite/address.js';
import { countryLookup } from '../../../src/integrations/geoip-lite/country-files.js';
import type { LocationLookup } from '../../../src/request/geo/geo-database.js';
import type { GeoReader } from '../../../src/request/geo/types.js';
import { createRequestReader } from '../../../src/request/request-reader.js';
import { incoming } from '../../request/incoming.js';
import { startChild } from '../../support/child.js';
import { temporaryFolder } from '../../support/folder.js';

const require = createRequire(import.meta.url);
const MAIN = require.resolve('geoip-lite');
const DATA = join(dirname(MAIN), '../data');
const FILES = ['geoip-country.dat', 'geoip-country6.dat'];

async function loaded(options?: GeoipLiteOptions): Promise<GeoReader> {
  const reader = geoipLite(options);
  await reader.load?.({ failing: () => undefined, recovered: () => undefined });
  return reader;
}

describe.each<[string, GeoipLiteOptions | undefined]>([
  ['geoip-lite', undefined],
  ['geoip-lite with countries only', { only: 'country' }],
])('%s', (_, options) => {
  it('tells the country of an address once it is loaded', async () => {
    const errors: unknown[] = [];
    const reader = createRequestReader({ geo: geoipLite(options), onError: (error) => errors.push(error) });
    const country = (ip: string): unknown =>
      reader.read(incoming({ ip }), { isNewVisitor: true }).visitor.get('country');
    expect(country('8.8.8.8')).toBeUndefined();
    await reader.load();
    expect(country('8.8.8.8')).toBe('US');
    expect(country('::ffff:8.8.8.8')).toBe('US');
    expect(country('::ffff:808:808')).toBe('US');
    expect(country('2001:4860:4860::8888')).toBe('US');
    expect(country('81.2.69.142')).toBe('GB');
    for (const ip of ['127.0.0.1', '10.1.2.3', '192.168.1.1', '172.16.0.1', '0.0.0.0', '255.255.255.255']) {
      expect(country(ip), ip).toBeUndefined();
    }
    for (const ip of ['::1', '::', 'fe80::1%eth0', 'fd00::1', 'not an address', '', '8.8.8', '8.8.8.8.8']) {
      expect(country(ip), ip).toBeUndefined();
    }
    expect(errors).toEqual([]);
  });
});

it('geoip-lite tells more than the country', async () => {
  const reader = await loaded();
  expect(reader.read(incoming({ ip: '81.2.69.142' }))).toEqual({
    country: 'GB',
    region: 'ENG',
    city: expect.any(String) as string,
    timezone: 'Europe/London',
  });
});

it.each<[unknown, RegExp]>([
  [{ only: 'city' }, /option `only` must be one of 'country' \(given 'city'\)/],
  [{ onyl: 'country' }, /unknown option `onyl`, known are `only`/],
  ['country', /must be an object/],
])('geoipLite(%j) is refused', (options, message) => {
  expect(() => geoipLite(options as GeoipLiteOptions)).toThrowError(message);
});

describe('geoip-lite with countries only', () => {
  it('tells no more than the country, and stands beside a reader that tells all', async () => {
    const [countries, all] = await Promise.all([loaded({ only: 'country' }), loaded()]);
    const request = incoming({ ip: '81.2.69.142' });
    expect(countries.read(request)).toEqual({ country: 'GB' });
    expect(all.read(request)).toHaveProperty('timezone', 'Europe/London');
    expect(countries.read(request)).toEqual({ country: 'GB' });
  });

  it('loads nothing of the package', async () => {
    const script = `
      import { createRequire } from 'node:module';
      import { geoipLite } from 'convert-middleware/geoip-lite';
      const reader = geoipLite({ only: 'country' });
      await reader.load({ failing() {}, recovered() {} });
      const loaded = Object.keys(createRequire(process.cwd() + '/x.js').cache).filter((file) => file.includes('geoip'));
      console.log(JSON.stringify([reader.read({ ip: '8.8.8.8' }).country, loaded]));
    `;
    expect(await startChild(script).ended).toMatchObject({ code: 0, output: '["US",[]]\n' });
  });

  describe('in a folder of its own', () => {
    const folder = temporaryFolder('geo', afterAll);
    beforeAll(() => {
      for (const name of FILES) symlinkSync(join(DATA, name), join(folder, name));
    });
    afterEach(() => {
      delete process.env.GEODATADIR;
      delete (globalThis as { geodatadir?: string }).geodatadir;
    });

    /** The package's own code, by itself, with the country files. */
    function original(): LocationLookup {
      const kept = require.cache[MAIN];
      delete require.cache[MAIN];
      process.env.GEODATADIR = folder;
      try {
        return (require(MAIN) as { lookup: LocationLookup }).lookup;
      } finally {
        delete process.env.GEODATADIR;
        delete require.cache[MAIN];
        if (kept) require.cache[MAIN] = kept;
      }
    }

    it('says what the package says, of every address', async () => {
      const [v4, v6] = FILES.map((name) => readFileSync(join(DATA, name)));
      const ours = countryLookup(v4!, v6!);
      const theirs = original();
      const country = (lookup: LocationLookup, ip: string): unknown =>
        (lookup(ip) as { country?: string } | null | undefined)?.country;
      /** The edges of a range, and what is right beside them. */
      const edge = fc.tuple(fc.nat(), fc.boolean(), fc.constantFrom(-1, 0, 1)).map(([n, last, step]) => {
        const at = (n % (v4!.length / 10)) * 10 + (last ? 4 : 0);
        const value = (v4!.readUInt32BE(at) + step) >>> 0;
        return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
      });
      fc.assert(
        fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), edge), (ip) => {
          expect(country(ours, ip), ip).toBe(country(theirs, ip));
        }),
        { numRuns: 1_000 },
      );
    });

    it('tells of a range of IPv6 what it says, also within the half that the package looks at', () => {
      const [v4, v6] = FILES.map((name) => readFileSync(join(DATA, name)));
      const lookup = countryLookup(v4!, v6!);
      const address = (at: number): string =>
        Array.from({ length: 8 }, (_, i) => v6!.readUInt16BE(at + 2 * i).toString(16)).join(':');
      for (let at = 0; at + 68 < v6!.length; at += 34 * 97) {
        // Some twenty of the file have others within.
        if (v6!.compare(v6!, at + 34, at + 50, at + 16, at + 32) >= 0) continue;
        const expected = { country: v6!.toString('latin1', at + 32, at + 34) };
        for (const edge of [address(at), address(at + 16)]) expect(lookup(edge), edge).toEqual(expected);
      }
      // Two ranges of one /64.
      expect(lookup('2a0a:ab40:0:1::')).toEqual({ country: 'FR' });
    });

    it('reads the data where the package would', async () => {
      const from = join(folder, FILES[0]!);
      // One range for all of IPv4, which says where it was read.
      rmSync(from);
      writeFileSync(from, Buffer.from([0, 0, 0, 0, 255, 255, 255, 255, ...Buffer.from('AQ')]));
      const request = incoming({ ip: '8.8.8.8' });
      process.env.GEODATADIR = folder;
      expect((await loaded({ only: 'country' })).read(request).country).toBe('AQ');
      process.env.GEODATADIR = '/nowhere';
      (globalThis as { geodatadir?: string }).geodatadir = folder;
      expect((await loaded({ only: 'country' })).read(request).country).toBe('AQ');
    });

    it('refuses files of another format, and says so where there are none', async () => {
      process.env.GEODATADIR = folder;
      const fail = async (): Promise<unknown> => loaded({ only: 'country' }).catch((error: unknown) => error);
      for (const bytes of [
        Buffer.alloc(0),
        Buffer.alloc(100),
        Buffer.from('x'.repeat(11)),
        // The last address before the first, and ranges out of order.
        Buffer.from([8, 0, 0, 0, 7, 0, 0, 0, 65, 81]),
        Buffer.from([8, 0, 0, 0, 9, 0, 0, 0, 65, 81, 1, 0, 0, 0, 2, 0, 0, 0, 65, 81]),
      ]) {
        rmSync(join(folder, FILES[0]!));
        writeFileSync(join(folder, FILES[0]!), bytes);
        expect(await fail()).toMatchObject({
          code: 'CONVERT_BAD_OPTION',
          message: expect.stringContaining('version 1.4') as string,
        });
      }
      process.env.GEODATADIR = '/nowhere';
      expect(await fail()).toMatchObject({
        code: 'CONVERT_BAD_OPTION',
        message: expect.stringMatching(/geoip-lite cannot be loaded: ENOENT/) as string,
      });
    });
  });
});

describe('the bytes of an address', () => {
  const hex = (ip: string): string | undefined => {
    const bytes = addressBytes(ip);
    return bytes && Buffer.from(bytes).toString('hex');
  };
  it.each([
    ['1.2.3.4', '01020304'],
    ['::', '0'.repeat(32)],
    ['::1', `${'0'.repeat(31)}1`],
    ['2001:db8::', `20010db8${'0'.repeat(24)}`],
    ['2001:db8::ff00:42:8329', '20010db8000000000000ff0000428329'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['::ffff:1.2.3.4', `${'0'.repeat(20)}ffff01020304`],
    ['64:ff9b::1.2.3.4', `0064ff9b${'0'.repeat(16)}01020304`],
    ['fe80::1%eth0', `fe80${'0'.repeat(27)}1`],
    ['1.2.3', undefined],
    ['1:2', undefined],
    ['', undefined],
  ])('%j are %j', (ip, expected) => {
    expect(hex(ip)).toBe(expected);
  });

  it('are those that it is written from', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 }), (groups) => {
        const { hostname } = new URL(`http://[${groups.map((group) => group.toString(16)).join(':')}]`);
        expect(hex(hostname.slice(1, -1))).toBe(
          groups.map((group) => group.toString(16).padStart(4, '0')).join(''),
        );
      }),
    );
  });
});
