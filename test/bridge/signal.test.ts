import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signalFor, type SignalPlace } from '../../src/bridge/signal.js';
import { HOSTILE } from './support.js';

/** How a client reads each of them, and what such a value may consist of (RFC 6265, 4.1.1; RFC 9110, 5.5). */
const PLACES: Readonly<Record<SignalPlace, { read: (text: string) => unknown; alphabet: RegExp }>> = {
  cookie: {
    read: (text): unknown => JSON.parse(decodeURIComponent(text)),
    alphabet: /^[!#-+\--:<-[\]-~]*$/,
  },
  header: { read: (text): unknown => JSON.parse(text), alphabet: /^[ -~]*$/ },
};

describe.each(Object.entries(PLACES))('variations in a %s', (name, { read, alphabet }) => {
  const place = name as SignalPlace;

  it('are read as they were', () => {
    const variations = { 'homepage-hero': 'version-b', [HOSTILE]: 'größer 🎉' };
    const { text, dropped } = signalFor(place, variations);
    expect(read(text)).toEqual(variations);
    expect(dropped).toBe(0);
    expect(read(signalFor(place, {}).text)).toEqual({});
  });

  it('need nothing but what may stand there, whatever their keys', () => {
    const texts = fc.string({ unit: 'binary', maxLength: 40 });
    fc.assert(
      fc.property(fc.dictionary(texts, texts, { noNullPrototype: true }), (variations) => {
        const { text, dropped } = signalFor(place, variations);
        expect(text).toMatch(alphabet);
        expect(text.length).toBeLessThanOrEqual(1024);
        const entries = Object.entries(variations);
        expect(Object.entries(read(text) as object)).toEqual(entries.slice(0, entries.length - dropped));
      }),
    );
  });

  it('are left out at the end if there is no room', () => {
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`experience-${n}`, 'version-b']));
    const { text, dropped } = signalFor(place, many);
    const kept = Object.entries(read(text) as object);
    expect(kept).toEqual(Object.entries(many).slice(0, 200 - dropped));
    expect(text.length).toBeLessThanOrEqual(1024);
    expect(text.length).toBeGreaterThan(950);
  });
});
