/** Signs the visitor ids in our cookies, and checks the ids that come back (`visitor.cookie.signed`). */
import type { Digests } from '../../utils/digests.js';
import { createSigner, type Secrets } from './signer.js';

/**
 * How an id from a cookie is signed. `none`: ids are not signed at all. `current`: with the first secret. `previous`:
 * with another secret, so that it has to be signed again.
 */
export type IdSignature = 'none' | 'current' | 'previous';

/**
 * Checks an id that came with these signatures. Returns undefined if none of them is valid: then the id does not count.
 */
export type IdCheck = (id: string, signatures: readonly string[]) => IdSignature | undefined;

export interface IdSigner {
  /** Signs an id; undefined if ids are not signed. */
  sign(id: string): string | undefined;
  /** Makes the check for the ids of one request. It makes at most 8 HMACs, whatever the request brings. */
  check(): IdCheck;
}

/** The most HMACs for the ids of one request. The option `secrets` has no more secrets, so each of them is tried. */
export const MAX_HMACS = 8;

const anyId: IdCheck = () => 'none';
/** Signs nothing, and takes every id. */
export const UNSIGNED: IdSigner = { sign: () => undefined, check: () => anyId };

export function idSigner(digests: Digests, secrets: Secrets): IdSigner {
  const signer = createSigner(digests, secrets, 'visitor ids');
  return {
    sign: (id) => signer.sign(id),
    check() {
      const budget = { left: MAX_HMACS };
      return (id, signatures) => signer.verify(id, signatures, budget);
    },
  };
}
