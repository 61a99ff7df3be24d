/** The consent platforms: what each one's cookies mean, and that no cookie can break them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Consent, ConsentPlatformName } from '../../../src/consent/consent.js';
import { PLATFORM_NAMES, PLATFORMS } from '../../../src/consent/platforms/index.js';
import type { IncomingRequest } from '../../../src/model/http.js';
import { incoming } from '../../identity/support.js';
import { type Captured, KINDS, STRINGS } from './strings.js';

type Read = (request: IncomingRequest) => Consent;

function readerOf(platform: ConsentPlatformName, ids: object = {}): (cookie: string) => Consent {
  const read: Read = PLATFORMS[platform].reader(ids);
  return (cookie) => read(incoming({ cookie }));
}

describe.each(PLATFORM_NAMES)('%s', (platform) => {
  const captured = STRINGS[platform] ?? [];

  it('has strings of every kind', () => {
    expect(new Set(captured.map(({ kind }) => kind))).toEqual(new Set(KINDS));
  });

  it.each(captured)('$kind: $cookie', ({ answer, cookie, ids }) => {
    const read = readerOf(platform, ids);
    expect(read(cookie)).toBe(answer);
    expect(read(`first=1; ${cookie}; last=2`)).toBe(answer);
  });

  it('no cookie: unknown', () => {
    const ids = captured[0]?.ids;
    const read: Read = PLATFORMS[platform].reader(ids ?? {});
    expect(read(incoming())).toBe('unknown');
    expect(readerOf(platform, ids)('other=1')).toBe('unknown');
  });

  it('is cut off nowhere so that it grants what the whole does not', () => {
    for (const { answer, cookie, ids } of captured) {
      // Of several sites' cookies, the first may be whole.
      if (answer === 'granted' || cookie.split('_iub_cs-').length > 2) continue;
      const read = readerOf(platform, ids);
      for (let length = 0; length < cookie.length; length++) {
        expect(read(cookie.slice(0, length)), cookie.slice(0, length)).not.toBe('granted');
      }
    }
  });

  it('takes no longer value than browsers keep', () => {
    for (const { cookie, ids } of captured) {
      const equals = cookie.indexOf('=') + 1;
      const name = cookie.slice(0, equals);
      for (const filler of ['%25', '{', '[', '%', ',', '_iub_cs-1=', 'C', '=', '&', '|1']) {
        const hostile = `${name}${filler.repeat(Math.ceil(16_384 / filler.length))}`;
        expect(readerOf(platform, ids)(`${hostile}; OptanonAlertBoxClosed=1`)).toBe('unknown');
      }
    }
  });
});

describe('any of these strings, changed in any way', () => {
  const all = PLATFORM_NAMES.flatMap((platform) =>
    (STRINGS[platform] ?? []).map(({ cookie, ids }: Captured) => ({ cookie, read: readerOf(platform, ids) })),
  );

  type Mutation = (cookie: string, at: number, other: string) => string;
  const MUTATIONS: readonly Mutation[] = [
    (cookie, at, other) => cookie.slice(0, at) + other + cookie.slice(at + 1),
    (cookie, at) => cookie.slice(0, at),
    (cookie, at) => cookie.slice(at),
    (cookie, at, other) => cookie.slice(0, at) + other + cookie.slice(at),
    (cookie, at) => cookie.slice(0, at) + cookie.slice(at).repeat(3),
    (cookie, at) => cookie.slice(0, at) + encodeURIComponent(cookie.slice(at)),
    (cookie, at) => cookie.slice(0, at) + cookie.slice(at).replaceAll('%', '%25'),
    (cookie, at) => cookie.slice(0, at) + cookie.slice(at).toUpperCase(),
    (cookie, at, other) => cookie.slice(0, at) + other.repeat(500) + cookie.slice(at),
  ];
  const step = fc.tuple(
    fc.constantFrom(...MUTATIONS),
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.oneof(fc.constantFrom('%', '{', '}', '"', ',', '=', ';', '&', ':', '\0', '\uD800', '-1'), fc.string()),
  );

  it('get an answer, and never an exception', () => {
    const answers = new Set<Consent>();
    fc.assert(
      fc.property(
        fc.constantFrom(...all),
        fc.array(step, { minLength: 1, maxLength: 4 }),
        ({ cookie, read }, steps) => {
          let mutated = cookie;
          for (const [mutate, place, other] of steps) {
            // What is no text can't be encoded, nor sent.
            mutated = mutate(mutated.toWellFormed(), Math.floor(place * mutated.length), other);
          }
          const answer = read(mutated);
          answers.add(answer);
          return answer === 'granted' || answer === 'denied' || answer === 'unknown';
        },
      ),
      { numRuns: 100_000 },
    );
    expect(answers.size).toBe(3);
  });
});
