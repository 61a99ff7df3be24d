/** Hashes and signs texts with `node:crypto`. */
import { createHash, createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import type { Digests } from '../digests.js';

export const nodeDigests: Digests = {
  sha256: (data, encoding) => createHash('sha256').update(data).digest(encoding),
  mac(secret, purpose) {
    const bytes =
      purpose === undefined ? Buffer.from(secret) : createHmac('sha256', secret).update(purpose).digest();
    // A key object does not show its bytes when it is printed.
    const key = createSecretKey(bytes);
    return (text, encoding) => createHmac('sha256', key).update(text).digest(encoding);
  },
  isEqual: (text, other) => timingSafeEqual(Buffer.from(text, 'latin1'), Buffer.from(other, 'latin1')),
};
