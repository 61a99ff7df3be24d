/** The test that no cookie can break a consent platform, over cookies that are changed at random. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Consent, ConsentPlatformName } from '../../../src/consent/consent.js';
import { PLATFORM_NAMES, PLATFORMS } from '../../../src/consent/platforms/index.js';
import type { IncomingRequest } from '../../../src/model/http.js';
import { incoming } from '../../identity/support.js';
import { type Captured, STRINGS } from './strings.js';

export type Read = (request: IncomingRequest) => Consent;

export function readerOf(platform: ConsentPlatformName, ids: object = {}): (cookie: string) => Consent {
  const read: Read = PLATFORMS[platform].reader(ids);
  return (cookie) => read(incoming({ cookie }));
}

export function mutatedStrings(runs: number): void {
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
      { numRuns: runs },
    );
    expect(answers.size).toBe(3);
  });
}
