/** Checks and hashes the ids of the app's users: the visitor store keeps the hash only. */
import { createHash } from 'node:crypto';
import { createSigner, type Secrets } from './cookies/signer.js';

/** The hashes by which a store may know a user; the first one is the hash of new entries. */
export type UserHashes = readonly [string, ...string[]];

/**
 * Makes the function that hashes the id of a user, which may be a number or an email address: from a plain hash, these
 * can be found by trying. With secrets, the hash is an HMAC with the first one. Entries that were made before a
 * rotation, or before there were secrets, have the hash of another secret, or the plain SHA-256.
 */
export function userHasher(secrets: Secrets | undefined): (userId: string | number) => UserHashes {
  const signers = [secrets ?? []].flat().map((secret) => createSigner(secret, 'users'));
  return (userId) => {
    const text = String(userId);
    const [first, ...others] = signers.map((signer) => signer.sign(text));
    const plain = createHash('sha256').update(text).digest('base64url');
    return first === undefined ? [plain] : [first, ...others, plain];
  };
}

/** The most characters of a user id. A longer text is a mistake: a token, a document. */
const MAX_USER_ID = 256;

/**
 * True for a finite number, or for a text of 1 to 256 characters without lone surrogates, with which different texts
 * would have the same hash.
 */
export function isUserId(userId: unknown): userId is string | number {
  return typeof userId === 'number'
    ? Number.isFinite(userId)
    : typeof userId === 'string' && userId !== '' && userId.length <= MAX_USER_ID && userId.isWellFormed();
}
