/** Signatures: who made them, for what, and that nothing of the secrets shows. */
import { nodeDigests } from '../../../src/utils/node/digests.js';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSigner, SIGNATURE_LENGTH } from '../../../src/identity/cookies/signer.js';

const [OLD, NEW] = ['the secret of last year', 'the secret of this year'];

describe('a signature', () => {
  it('is 25 characters of [0-9a-z], whatever is signed, and no other text has it', () => {
    const signer = createSigner(nodeDigests, NEW, 'test');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (text, other) => {
        const signature = signer.sign(text);
        expect(signature).toMatch(/^[0-9a-z]{25}$/);
        expect(signer.verify(text, signature)).toBe('current');
        expect(signer.verify(other, signature)).toBe(other === text ? 'current' : undefined);
      }),
    );
    expect(SIGNATURE_LENGTH).toBe(25);
  });

  it('is the same in all processes', () => {
    expect(createSigner(nodeDigests, NEW, 'test').sign('text')).toBe('0n0v3ff2uvn50e67nlmylnldu');
  });

  it('is made with the first secret and verified with all', () => {
    const [before, rotated, after] = [
      createSigner(nodeDigests, [OLD], 'test'),
      createSigner(nodeDigests, [NEW, OLD], 'test'),
      createSigner(nodeDigests, NEW, 'test'),
    ];
    const [old, current] = [before.sign('text'), rotated.sign('text')];
    expect(current).toBe(after.sign('text'));
    expect([rotated.verify('text', old), rotated.verify('text', current)]).toEqual(['previous', 'current']);
    expect([after.verify('text', old), before.verify('text', current)]).toEqual([undefined, undefined]);
  });

  it('is good for one purpose', () => {
    const signature = createSigner(nodeDigests, NEW, 'one').sign('text');
    expect(createSigner(nodeDigests, NEW, 'other').verify('text', signature)).toBeUndefined();
  });

  it('is nothing else: each character counts, and garbage throws nothing', () => {
    const signer = createSigner(nodeDigests, NEW, 'test');
    const signature = signer.sign('text');
    for (let at = 0; at < signature.length; at++) {
      const other = signature[at] === '0' ? '1' : '0';
      const changed = signature.slice(0, at) + other + signature.slice(at + 1);
      expect(signer.verify('text', changed)).toBeUndefined();
    }
    for (const garbage of [
      '',
      signature.slice(1),
      `${signature}0`,
      signature.toUpperCase(),
      '-'.repeat(25),
    ]) {
      expect(signer.verify('text', garbage)).toBeUndefined();
    }
    // Another character of the same low byte.
    const alias = String.fromCharCode(signature.charCodeAt(0) + 256) + signature.slice(1);
    expect(signer.verify('text', alias)).toBeUndefined();
  });

  it('comes from a signer that shows no secret', () => {
    const shown = inspect(createSigner(nodeDigests, [NEW, OLD], 'test'), { depth: 10, showHidden: true });
    expect(shown).not.toContain('secret of');
  });
});
