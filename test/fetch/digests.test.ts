/** What is signed on one platform is read on another. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { webDigests } from '../../src/fetch/digests.js';
import { nodeDigests } from '../../src/utils/node/digests.js';

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string(),
  fc.string({ minLength: 60, maxLength: 300 }),
);

describe('digests without Node', () => {
  it.each(['base64', 'base64url'] as const)('are those of node:crypto, in %s', (encoding) => {
    fc.assert(
      fc.property(fc.oneof(anyText, fc.uint8Array()), (data) => {
        expect(webDigests.sha256(data, encoding)).toBe(nodeDigests.sha256(data, encoding));
      }),
    );
  });

  it.each(['hex', 'base64url'] as const)('sign as node:crypto does, in %s', (encoding) => {
    fc.assert(
      fc.property(anyText, fc.option(anyText, { nil: undefined }), anyText, (secret, purpose, text) => {
        const signed = webDigests.mac(secret, purpose)(text, encoding);
        expect(signed).toBe(nodeDigests.mac(secret, purpose)(text, encoding));
      }),
    );
  });

  it('are compared in full', () => {
    expect(webDigests.isEqual('abc', 'abc')).toBe(true);
    for (const other of ['abd', 'xbc', 'ab', 'abcd', ''])
      expect(webDigests.isEqual('abc', other)).toBe(false);
  });
});
