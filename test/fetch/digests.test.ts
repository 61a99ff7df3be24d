/** What is signed on one platform is read on another. */
import { generateKeyPairSync, sign } from 'node:crypto';
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

  it('check the signatures of others as node:crypto does', async () => {
    const parts = fc.array(fc.oneof(anyText, fc.uint8Array()), { maxLength: 3 });
    const key = fc.oneof(fc.string({ minLength: 1 }), fc.uint8Array({ minLength: 1, maxLength: 200 }));
    const algorithms = fc.constantFrom('sha1', 'sha256', 'sha512');
    const encodings = fc.constantFrom('hex', 'base64');
    await fc.assert(
      fc.asyncProperty(algorithms, key, parts, encodings, async (...given) => {
        expect(await webDigests.hmac(...given)).toBe(nodeDigests.hmac(...given));
      }),
    );
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const bytes = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
    const [one, other] = [webDigests, nodeDigests].map((digests) => digests.ed25519(bytes));
    for (const text of ['signed', 'signed ']) {
      const signature = sign(null, Buffer.from('signed'), privateKey);
      const isSigned = other!(signature, [text.slice(0, 3), text.slice(3)]);
      expect(isSigned).toBe(text === 'signed');
      expect(await one!(signature, [text])).toBe(isSigned);
    }
  });

  it('are compared in full', () => {
    expect(webDigests.isEqual('abc', 'abc')).toBe(true);
    for (const other of ['abd', 'xbc', 'ab', 'abcd', ''])
      expect(webDigests.isEqual('abc', other)).toBe(false);
  });
});
