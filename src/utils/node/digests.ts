/** Hashes and signs texts with `node:crypto`. */
import {
  createHash,
  createHmac,
  createPublicKey,
  createSecretKey,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import type { Digests } from '../digests.js';
import { joined } from './bytes.js';

export const nodeDigests: Digests = {
  sha256: (data, encoding) => createHash('sha256').update(data).digest(encoding),
  mac(secret, purpose) {
    const bytes =
      purpose === undefined ? Buffer.from(secret) : createHmac('sha256', secret).update(purpose).digest();
    // A key object does not show its bytes when it is printed.
    const key = createSecretKey(bytes);
    return (text, encoding) => createHmac('sha256', key).update(text).digest(encoding);
  },
  hmac(algorithm, key, parts, encoding) {
    const hmac = createHmac(algorithm, key);
    for (const part of parts) hmac.update(part);
    return hmac.digest(encoding);
  },
  ed25519(publicKey) {
    const x = Buffer.from(publicKey).toString('base64url');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    return (signature, parts) => verify(null, joined(parts), key, signature);
  },
  isEqual: (text, other) => timingSafeEqual(Buffer.from(text, 'latin1'), Buffer.from(other, 'latin1')),
};
