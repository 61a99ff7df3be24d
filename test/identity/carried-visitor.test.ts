/** The text that carries a visitor: what it holds, and what is believed of one that comes back. */
import { nodeDigests } from '../../src/utils/node/digests.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { visitorCarrier } from '../../src/identity/carried-visitor.js';

const SECRET = 'a secret of the test';
const NOW = Date.UTC(2026, 10, 30, 12);
const DAY = 24 * 60 * 60 * 1000;
const UUID = '3f0c8a52-6b1d-4a5e-9c77-0d2f4b8e6a11';
const carrier = visitorCarrier(nodeDigests, SECRET);
const OF_COOKIE = { id: UUID, origin: 'cookie', isGranted: true, at: NOW } as const;

describe('a carried text', () => {
  it('comes back as it went, and platforms take its characters', () => {
    const ids = fc.oneof(
      fc.stringMatching(/^[\w-]{1,64}$/),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
    );
    const origins = fc.constantFrom('app', 'cookie', 'generated', 'fingerprint');
    fc.assert(
      fc.property(ids, origins, fc.boolean(), fc.nat({ max: 4e12 }), (id, origin, isGranted, at) => {
        const text = carrier.write({ id, origin, isGranted, at: at + 1e12 });
        if (!id.isWellFormed() || text === '') return;
        expect(text).toMatch(/^[\w-]{1,200}$/);
        expect(carrier.read(text, at + 1e12)).toEqual({
          id,
          origin: origin === 'app' ? 'app' : 'cookie',
          isGranted,
          at: Math.floor((at + 1e12) / 1000) * 1000,
        });
      }),
    );
  });

  it('has room for every id of a cookie, and for ids of an app of 100 bytes', () => {
    expect(carrier.write({ ...OF_COOKIE, id: 'x'.repeat(64) })).toHaveLength(105);
    expect(carrier.write({ ...OF_COOKIE, id: `user:${'é'.repeat(47)}` })).not.toBe('');
    for (const id of ['x'.repeat(161), `user:${'é'.repeat(200)}`, 'half \ud800'])
      expect(carrier.write({ ...OF_COOKIE, id })).toBe('');
  });

  it('counts for nothing if one character of it is another', () => {
    const text = carrier.write(OF_COOKIE);
    fc.assert(
      fc.property(fc.nat({ max: text.length - 1 }), fc.stringMatching(/^[\w-]$/), (at, character) => {
        fc.pre(text[at] !== character);
        const forged = text.slice(0, at) + character + text.slice(at + 1);
        expect(['invalid', 'bare']).toContain(carrier.read(forged, NOW));
      }),
      { numRuns: 500 },
    );
    for (const forged of [text.slice(0, 40), `${text}a`, text.slice(0, -1), `${text}${'a'.repeat(200)}`])
      expect(carrier.read(forged, NOW)).toBe('invalid');
    // The grant of a visitor whom nobody has asked.
    const unasked = carrier.write({ ...OF_COOKIE, isGranted: false });
    expect(carrier.read(unasked.replace('_cnp_', '_cgp_'), NOW)).toBe('invalid');
  });

  it('never throws, and takes any other text for a bare id', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => carrier.read(text, NOW) === 'bare'));
    for (const text of [UUID, 'cv_vid', 'cv1', 'cv1_user_7', ''])
      expect(carrier.read(text, NOW)).toBe('bare');
  });

  it('is valid for 30 days, whichever of the servers has the wrong clock', () => {
    const text = carrier.write(OF_COOKIE);
    for (const age of [0, 29.9, -29.9])
      expect(carrier.read(text, NOW + age * DAY)).toMatchObject({ id: UUID, isGranted: true });
    for (const age of [30, 400, -30]) expect(carrier.read(text, NOW + age * DAY)).toBe('expired');
  });

  it('is signed with the first secret, and read with all', () => {
    const text = carrier.write(OF_COOKIE);
    expect(visitorCarrier(nodeDigests, ['another secret, newer', SECRET]).read(text, NOW)).toMatchObject({
      id: UUID,
    });
    expect(visitorCarrier(nodeDigests, 'another secret, newer').read(text, NOW)).toBe('invalid');
    expect(visitorCarrier(nodeDigests, undefined).read(text, NOW)).toBe('invalid');
  });

  it('of another format is not read', () => {
    expect(carrier.read(carrier.write(OF_COOKIE).replace('cv1_', 'cv2_'), NOW)).toBe('invalid');
  });

  it('is the bare id without secrets', () => {
    const bare = visitorCarrier(nodeDigests, undefined);
    expect(bare.write({ ...OF_COOKIE, id: 'user:42', origin: 'app' })).toBe('user:42');
    expect(bare.write({ ...OF_COOKIE, id: 'x'.repeat(201) })).toBe('');
    expect(bare.read('user:42', NOW)).toBe('bare');
  });
});
