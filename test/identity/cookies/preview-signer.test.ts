import { nodeDigests } from '../../../src/utils/node/digests.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  MAX_PREVIEW_TEXT,
  previewSigner,
  type SignedPreviews,
} from '../../../src/identity/cookies/preview-signer.js';

const SECRET = 'a secret of the test';
const signer = previewSigner(nodeDigests, SECRET);
const ONE: SignedPreviews = {
  kind: 'link',
  previews: [{ experienceId: '101', variationId: '1011' }],
  expires: 1.8e12,
};

describe('signed previews', () => {
  it('come back as they went, in characters that need no escaping', () => {
    const id = fc.stringMatching(/^\d{1,20}$/);
    const previews = fc.array(fc.record({ experienceId: id, variationId: id }), {
      minLength: 1,
      maxLength: 16,
    });
    const kinds = fc.constantFrom('link', 'signed', 'plain');
    fc.assert(
      fc.property(kinds, previews, fc.nat({ max: 4e9 }), (kind, all, second) => {
        const given = { kind, previews: all, expires: second * 1000 } as const;
        const text = signer.sign(given);
        expect(text.length).toBeLessThanOrEqual(MAX_PREVIEW_TEXT);
        expect(encodeURIComponent(text)).toBe(text);
        expect(signer.read(text)).toEqual(given);
      }),
    );
  });

  it('are none if one character is another', () => {
    const text = signer.sign(ONE);
    fc.assert(
      fc.property(fc.nat({ max: text.length - 1 }), fc.stringMatching(/^[\w.]$/), (at, character) => {
        fc.pre(text[at] !== character);
        return signer.read(text.slice(0, at) + character + text.slice(at + 1)) === undefined;
      }),
      { numRuns: 500 },
    );
    const parts = text.split('_');
    // Another experience, none, another end, another kind.
    for (const forged of [
      [parts[0], '102.1', ...parts.slice(1)],
      [parts[0], ...parts.slice(2)],
      [...parts.slice(0, 2), 'zzzzzz', parts[3]],
      ['1s', ...parts.slice(1)],
      ['2l', ...parts.slice(1)],
    ])
      expect(signer.read(forged.join('_'))).toBeUndefined();
  });

  it('are signed with the first secret, and read with all', () => {
    const text = signer.sign(ONE);
    expect(previewSigner(nodeDigests, ['another secret, newer', SECRET]).read(text)).toEqual(ONE);
    expect(previewSigner(nodeDigests, 'another secret, newer').read(text)).toBeUndefined();
  });

  it('never throw', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => signer.read(text) === undefined));
    expect(signer.read(signer.sign(ONE) + 'a'.repeat(100_000))).toBeUndefined();
  });
});
