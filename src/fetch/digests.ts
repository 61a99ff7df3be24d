/**
 * Hashes and signs texts without Node, and at once: WebCrypto would answer later, and contexts answer at once. Webhooks
 * have the time to wait, so that their signatures are checked by WebCrypto.
 */
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { Digests } from '../utils/digests.js';
import { BYTES, joined, utf8 } from '../utils/node/bytes.js';

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
  async hmac(algorithm, key, parts, encoding) {
    const hash = algorithm.replace('sha', 'SHA-');
    const secret = joined([key]);
    const signing = await crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash }, false, ['sign']);
    return written(new Uint8Array(await crypto.subtle.sign('HMAC', signing, joined(parts))), encoding);
  },
  ed25519: (publicKey) => async (signature, parts) => {
    const key = await crypto.subtle.importKey('raw', joined([publicKey]), 'Ed25519', false, ['verify']);
    return crypto.subtle.verify('Ed25519', key, joined([signature]), joined(parts));
  },
};

function written(bytes: Uint8Array, encoding: 'hex' | 'base64' | 'base64url'): string {
  if (encoding === 'hex') return bytesToHex(bytes);
  const text = BYTES.encode(bytes);
  if (encoding === 'base64url') return text;
  const base64 = text.replaceAll('-', '+').replaceAll('_', '/');
  return base64.padEnd(Math.ceil(base64.length / 4) * 4, '=');
}
