import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { isCountry } from '../../../src/request/geo/countries.js';
import { knownLocation } from '../../../src/request/geo/geo-location.js';
import type { GeoOption } from '../../../src/request/geo/geo.js';
import type { GeoFacts, GeoReader } from '../../../src/request/geo/types.js';
import { createRequestReader } from '../../../src/request/request-reader.js';
import type { ConvertError } from '../../../src/utils/errors.js';
import { facts, incoming, withHeaders } from '../incoming.js';
import { GEO } from './geo-kit.js';

const known = (facts: Record<string, unknown>): GeoFacts =>
  Object.fromEntries(Object.entries(knownLocation(facts)).filter(([, value]) => value !== undefined));

describe('what is known of a place', () => {
  it.each([
    'XX',
    'T1',
    'ZZ',
    '?',
    '',
    ' ',
    '-',
    '--',
    '**',
    'USA',
    'U',
    '1',
    'u$',
    'A1',
    'EU',
    'AP',
    'unknown',
    7,
  ])('is no country: %j', (country) => {
    expect(known({ country })).toEqual({});
  });

  it.each(['?', '-', '', '00', 'XX', 'ZZ', 'unknown', 'Unknown', 'NO REGION', 'n/a', '\u0007', null, {}])(
    'is no region: %j',
    (region) => {
      expect(known({ country: 'US', region })).toEqual({ country: 'US' });
    },
  );

  it.each([
    '?',
    '-',
    '',
    '...',
    'unknown',
    '(Unknown)'.slice(1, -1),
    'reserved',
    'private',
    'undefined',
    'a\u0000b',
  ])('is no city: %j', (city) => {
    expect(known({ country: 'US', city })).toEqual({ country: 'US' });
  });

  // There are towns of these names, in Italy, Norway and France.
  it.each(['None', 'Å', 'Y', "L'Aquila", '서울', '1770'])('is a city: %j', (city) => {
    expect(known({ city })).toEqual({ city });
  });

  it.each([
    ['US', 'ca', 'CA'],
    ['US', 'US-CA', 'CA'],
    ['US', 'us-ca', 'CA'],
    ['US', 'USCA', 'CA'],
    ['GB', 'GBENG', 'ENG'],
    ['GB', 'ENG', 'ENG'],
    ['ES', 'ESM', 'M'],
    ['AT', 'AT9', '9'],
    ['CO', 'COR', 'COR'],
    ['CO', 'COCOR', 'COR'],
    ['CO', 'CO-COR', 'COR'],
    ['BZ', 'BZ', 'BZ'],
    ['BZ', 'BZ-BZ', 'BZ'],
    ['IT', '25', '25'],
    ['DE', 'US-CA', 'US-CA'],
    ['IR', 'Iran', 'Iran'],
    ['US', 'California', 'California'],
    [undefined, 'US-CA', 'US-CA'],
    ['XX', 'XX-1', 'XX-1'],
  ])('in %j, is of the region %j the part behind the country: %j', (country, region, expected) => {
    expect(knownLocation({ country, region }).region).toBe(expected);
  });

  it('is a zone of IANA only if it could be one, and a continent by its code', () => {
    expect(known({ timezone: 'Europe/Berlin', continent: 'eu' })).toEqual({
      timezone: 'Europe/Berlin',
      continent: 'EU',
    });
    expect(known({ timezone: 'Europe Berlin', continent: 'Europe' })).toEqual({});
  });

  it('says of a country whether it is in the European Union, and in the Economic Area', () => {
    const membership = (country: string): unknown[] => {
      const { visitor } = facts({}, { geo: () => ({ country }) });
      return [visitor.get('eu'), visitor.get('eea')];
    };
    expect(membership('DE')).toEqual([true, true]);
    expect(membership('NO')).toEqual([false, true]);
    expect(membership('GB')).toEqual([false, false]);
    expect(membership('XX')).toEqual([undefined, undefined]);
    expect(facts().visitorObject()).not.toHaveProperty('eu');
  });
});

/** A source that counts how often it was asked. */
function source(answer: GeoFacts): GeoReader & { asked: number } {
  const reader = {
    name: 'source',
    asked: 0,
    read() {
      reader.asked++;
      return answer;
    },
  };
  return reader;
}

/** What the sources tell together. */
function together(...answers: GeoFacts[]): GeoFacts {
  const { visitor } = facts({}, { geo: answers.map(source) });
  const all = GEO.map((name) => [name, visitor.get(name)] as const);
  return Object.fromEntries(all.filter(([, value]) => value !== undefined));
}

const MUNICH = { country: 'DE', region: 'BY', city: 'Munich', continent: 'EU', timezone: 'Europe/Berlin' };
const PARIS = { country: 'FR', region: 'IDF', city: 'Paris', continent: 'EU', timezone: 'Europe/Paris' };
const BOSTON = { country: 'US', region: 'MA', city: 'Boston', continent: 'NA', timezone: 'America/New_York' };

describe('a list of sources', () => {
  it.each<[string, GeoFacts[], GeoFacts]>([
    ['fills in what the one before left out', [{ country: 'DE' }, MUNICH], MUNICH],
    ['lets the first one win', [{ country: 'DE', city: 'MUNICH' }, MUNICH], { ...MUNICH, city: 'MUNICH' }],
    ['takes nothing of another country', [{ country: 'DE' }, PARIS], { country: 'DE' }],
    ['asks on after another country', [{ country: 'DE' }, PARIS, MUNICH], MUNICH],
    ['has a place where the first has none', [{}, MUNICH], MUNICH],
    [
      'takes no city of another region, but the continent of the same country',
      [{ country: 'US', region: 'CA' }, BOSTON],
      { country: 'US', region: 'CA', continent: 'NA' },
    ],
    [
      'takes no region of another city',
      [{ country: 'US', city: 'San Francisco' }, BOSTON],
      { country: 'US', city: 'San Francisco', continent: 'NA' },
    ],
    [
      'takes no city that may be of another region',
      [{ country: 'US', region: 'CA' }, { country: 'US', city: 'Boston' }, BOSTON],
      { country: 'US', region: 'CA', continent: 'NA' },
    ],
    [
      'fills in what is finer where one of it is the same, in whatever case',
      [{ country: 'DE', city: 'munich' }, MUNICH],
      { ...MUNICH, city: 'munich' },
    ],
    ['gives a city no country that has another one', [{ city: 'Munich' }, PARIS, MUNICH], MUNICH],
    ['gives a continent no country of another one', [{ continent: 'NA' }, PARIS, BOSTON], BOSTON],
    [
      'may hold two opinions of the continent of one country',
      [
        { country: 'TR', continent: 'AS' },
        { country: 'TR', continent: 'EU', city: 'Ankara' },
      ],
      { country: 'TR', continent: 'AS', city: 'Ankara' },
    ],
    ['may know it in parts', [{ country: 'DE' }, { city: 'Munich' }, MUNICH], MUNICH],
  ])('%s', (_, answers, expected) => {
    expect(together(...answers)).toEqual(expected);
  });

  it('never makes a place of two places', () => {
    const places = [
      MUNICH,
      PARIS,
      BOSTON,
      { ...BOSTON, region: 'CA', city: 'Fresno', timezone: 'America/Los_Angeles' },
    ];
    const part = fc
      .tuple(fc.constantFrom(...places), fc.subarray([...GEO]))
      .map(([all, names]) =>
        Object.fromEntries(['country' as const, ...names].map((name) => [name, all[name]])),
      );
    fc.assert(
      fc.property(fc.array(part, { minLength: 2, maxLength: 5 }), (answers) => {
        const told = together(...answers);
        expect(answers[0]).toHaveProperty('country', told.country);
        expect(places.some((each) => GEO.every((name) => (told[name] ?? each[name]) === each[name]))).toBe(
          true,
        );
      }),
    );
  });

  it('asks the next only for what is left out, and each once', () => {
    const [first, second, third] = [source({ country: 'DE' }), source(MUNICH), source(BOSTON)];
    const found = facts({}, { geo: [first, second, third] });
    const asked = (): number[] => [first.asked, second.asked, third.asked];
    expect(asked()).toEqual([0, 0, 0]);
    expect(found.visitor.get('country')).toBe('DE');
    expect(found.segments().country).toBe('DE');
    expect(found.visitor.get('eu')).toBe(true);
    expect(asked()).toEqual([1, 0, 0]);
    expect(found.visitor.get('city')).toBe('Munich');
    expect(found.visitor.get('region')).toBe('BY');
    expect(asked()).toEqual([1, 1, 0]);
    found.visitorObject();
    expect(asked()).toEqual([1, 1, 0]);
  });

  it('tells the same in whatever order it is asked', () => {
    const part = fc.subarray([...GEO]);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(MUNICH, PARIS, BOSTON), part), { minLength: 2, maxLength: 4 }),
        fc.shuffledSubarray([...GEO], { minLength: GEO.length }),
        (parts, order) => {
          const answers = parts.map(([all, names]) =>
            Object.fromEntries(names.map((name) => [name, all[name]])),
          );
          const { visitor } = facts({}, { geo: answers.map(source) });
          const found = Object.fromEntries(order.map((name) => [name, visitor.get(name)]));
          expect(found).toEqual({
            ...Object.fromEntries(GEO.map((name) => [name, undefined])),
            ...together(...answers),
          });
        },
      ),
    );
  });

  it('goes on where one of them fails, which is reported', () => {
    const broken = (): never => {
      throw new Error('no database');
    };
    const found = facts({ headers: { 'cf-ipcountry': 'DE' } }, { geo: [broken, 'cloudflare'] });
    expect(found.visitor.get('country')).toBe('DE');
    expect(found.errors.map(({ code }) => code)).toEqual(['CONVERT_CALLBACK']);
  });

  it('is asked for the place alone, too, and then for no more than is read of it', () => {
    const second = source(MUNICH);
    const reader = createRequestReader({ geo: ['cloudflare', second], onError: () => undefined });
    const place = reader.geoLocation(withHeaders({ 'cf-ipcountry': 'DE' }));
    expect(place.country).toBe('DE');
    expect(second.asked).toBe(0);
    expect(reader.geoLocation(incoming()).country).toBe('DE');
    expect(second.asked).toBe(1);
  });

  it('loads and closes all of them, whatever one does', async () => {
    const listener = { failing: vi.fn(), recovered: vi.fn() };
    const errors: ConvertError[] = [];
    const calls: unknown[] = [];
    const reader = (name: string, fault?: Error): GeoReader => ({
      name,
      load: async (given) => {
        calls.push(['load', name, given]);
        if (fault) throw fault;
      },
      read: () => ({}),
      close(given) {
        calls.push(['close', name, given]);
        if (fault) throw fault;
      },
    });
    const geo = [reader('a', new Error('1')), reader('b'), reader('c', new Error('2'))];
    const all = createRequestReader({ geo, onError: (error) => errors.push(error), geoListener: listener });
    await expect(all.load()).rejects.toMatchObject({
      code: 'CONVERT_BAD_OPTION',
      message: 'convert: geo (a) can not be loaded: 1',
    });
    expect(errors.map(({ message }) => message)).toEqual(['convert: geo (c) can not be loaded: 2']);
    all.close();
    expect(calls).toEqual(
      ['load', 'close'].flatMap((what) => ['a', 'b', 'c'].map((name) => [what, name, listener])),
    );
    expect(errors.slice(1).map(({ code }) => code)).toEqual(['CONVERT_CALLBACK', 'CONVERT_CALLBACK']);
  });
});

describe('a platform whose headers never come', () => {
  /** Warnings after each of so many requests for the place. */
  function warned(
    geo: GeoOption,
    requests: number,
    headers: (index: number) => Record<string, string>,
  ): string[] {
    const warnings: string[] = [];
    const reader = createRequestReader({
      geo,
      onError: () => undefined,
      warnOnce: (_code, message) => warnings.push(message),
    });
    for (let i = 0; i < requests; i++) {
      const found = reader.read(withHeaders(headers(i)), { isNewVisitor: true });
      found.visitor.get('language');
      expect(found.visitor.get('country')).toBe('cf-ipcountry' in headers(i) ? 'DE' : undefined);
    }
    return warnings;
  }
  const none = (): Record<string, string> => ({ 'x-other': 'DE' });

  it.each<[GeoOption, string[]]>([
    ['cloudflare', ["geo 'cloudflare'", 'cf-ipcountry']],
    ['netlify', ["geo 'netlify'", 'x-nf-geo']],
    [{ country: 'X-My-Country' }, ["geo 'headers'", 'x-my-country']],
  ])('is told once: %j', (geo, texts) => {
    expect(warned(geo, 99, none)).toEqual([]);
    const warnings = warned(geo, 1000, none);
    expect(warnings).toHaveLength(1);
    for (const text of texts) expect(warnings[0]).toContain(text);
  });

  it('is told of in a list, too', () => {
    expect(warned(['cloudflare', 'vercel'], 1000, none)).toHaveLength(2);
  });

  it('is not told once one of them came, whatever it said', () => {
    expect(warned('cloudflare', 1000, (i) => (i === 98 ? { 'cf-ipcountry': 'DE' } : none()))).toEqual([]);
    expect(warned('cloudflare', 1000, (): Record<string, string> => ({ 'cf-ipcity': '?' }))).toEqual([]);
    expect(warned('netlify', 1000, (): Record<string, string> => ({ 'x-nf-geo': '{' }))).toEqual([]);
  });

  it('is not told of where nobody asks, and not of functions and databases', () => {
    const warnOnce = vi.fn();
    const reader = createRequestReader({ geo: 'cloudflare', onError: () => undefined, warnOnce });
    for (let i = 0; i < 500; i++) reader.read(incoming(), { isNewVisitor: true }).visitor.get('browser');
    expect(warnOnce).not.toHaveBeenCalled();
    expect(warned(() => undefined, 500, none)).toEqual([]);
    expect(warned(source({}), 500, none)).toEqual([]);
  });
});

it('every country that is known is one of ISO 3166-1', () => {
  const letters = fc.string({
    unit: fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'),
    minLength: 2,
    maxLength: 2,
  });
  fc.assert(
    fc.property(letters, (country) => {
      expect(knownLocation({ country }).country).toBe(isCountry(country) ? country : undefined);
    }),
  );
});
