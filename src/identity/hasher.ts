/** Hashes ids that the visitor store must not keep as they are. */
import type { Digests } from '../utils/digests.js';
import { createSigner, type Secrets } from './cookies/signer.js';

/** The hashes by which a store may know an id; the first one is the hash of new entries. */
export type Hashes = readonly [string, ...string[]];

/**
 * Makes a function that hashes ids for one purpose. With secrets, the hash is an HMAC with the first one. Entries that
 * were made before a rotation, or before there were secrets, have the hash of another secret, or the plain SHA-256.
 */
export function hasher(
  digests: Digests,
  secrets: Secrets | undefined,
  purpose: string,
): (id: string) => Hashes {
  const signers = [secrets ?? []].flat().map((secret) => createSigner(digests, secret, purpose));
  return (id) => {
    const [first, ...others] = signers.map((signer) => signer.sign(id));
    const plain = digests.sha256(id, 'base64url');
    return first === undefined ? [plain] : [first, ...others, plain];
  };
}
