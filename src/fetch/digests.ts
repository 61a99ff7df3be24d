/** Hashes and signs texts without Node, and at once: WebCrypto would answer later, and contexts answer at once. */
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { Digests } from '../utils/digests.js';
import { BYTES, utf8 } from '../utils/node/bytes.js';

export const webDigests: Digests = {
  sha256: (data, encoding) => written(sha256(typeof data === 'string' ? utf8(data) : data), encoding),
  mac(secret, purpose) {
    const key = purpose === undefined ? utf8(secret) : hmac(sha256, utf8(secret), utf8(purpose));
    // What the key does to the hash is worked out once.
    const keyed = hmac.create(sha256, key);
    return (text, encoding) => written(keyed.clone().update(utf8(text)).digest(), encoding);
  },
  isEqual(text, other) {
    let difference = text.length ^ other.length;
    for (let index = 0; index < text.length; index++)
      difference |= text.charCodeAt(index) ^ other.charCodeAt(index);
    return difference === 0;
  },
};

function written(bytes: Uint8Array, encoding: 'hex' | 'base64' | 'base64url'): string {
  if (encoding === 'hex') return bytesToHex(bytes);
  const text = BYTES.encode(bytes);
  if (encoding === 'base64url') return text;
  const base64 = text.replaceAll('-', '+').replaceAll('_', '/');
  return base64.padEnd(Math.ceil(base64.length / 4) * 4, '=');
}
