/** Signed visitor ids: which count, and what a request can make them cost. */
import { nodeDigests } from '../../../src/utils/node/digests.js';
import { expect, it } from 'vitest';
import { idSigner, MAX_HMACS, UNSIGNED } from '../../../src/identity/cookies/id-signer.js';
import { createSigner } from '../../../src/identity/cookies/signer.js';

const [OLD, NEW] = ['the secret of last year', 'the secret of this year'];

it('A12: an id counts with a signature of any secret, and with none of another id or purpose', () => {
  const signer = idSigner(nodeDigests, [NEW, OLD]);
  const [current, previous] = [signer.sign('a')!, idSigner(nodeDigests, OLD).sign('a')!];
  expect(signer.check()('a', [current])).toBe('current');
  expect(signer.check()('a', ['', previous, 'x'])).toBe('previous');
  expect(signer.check()('b', [current, previous])).toBeUndefined();
  expect(signer.check()('a', [])).toBeUndefined();
  expect(signer.check()('a', [createSigner(nodeDigests, NEW, 'assignments').sign('a')])).toBeUndefined();
  expect(idSigner(nodeDigests, NEW).check()('a', [previous])).toBeUndefined();
});

it('A12: the ids of one request cost at most eight HMACs, with one secret or several', () => {
  for (const secrets of [[NEW], [NEW, OLD]]) {
    const signer = idSigner(nodeDigests, secrets);
    const signature = signer.sign('own')!;
    const after = (others: number): unknown => {
      const check = signer.check();
      for (let n = 0; n < others; n++) check(`other-${n}`, [signature]);
      return check('own', [signature]);
    };
    const most = MAX_HMACS / secrets.length;
    expect([after(most - 1), after(most)]).toEqual(['current', undefined]);
  }
});

it('A12: what can not be a signature costs none', () => {
  const signer = idSigner(nodeDigests, NEW);
  const check = signer.check();
  for (let n = 0; n < 100; n++) check(`other-${n}`, ['', 'short', 'x'.repeat(26)]);
  expect(check('own', [signer.sign('own')!])).toBe('current');
});

it('A12: with as many secrets as there may be, each of them counts', () => {
  const secrets = Array.from({ length: 8 }, (_, n) => `the secret of 202${n}!`);
  const oldest = idSigner(nodeDigests, secrets.at(-1)!).sign('a')!;
  expect(idSigner(nodeDigests, secrets).check()('a', [oldest])).toBe('previous');
});

it('A12: without the option, every id counts and none is signed', () => {
  expect(UNSIGNED.sign('a')).toBeUndefined();
  expect(UNSIGNED.check()('a', [])).toBe('none');
});
