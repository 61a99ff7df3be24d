/** Checks and hashes the ids of the app's users: the visitor store keeps the hash only. */
import type { Digests } from '../utils/digests.js';
import type { Secrets } from './cookies/signer.js';
import { type Hashes, hasher } from './hasher.js';

/**
 * Makes the function that hashes the id of a user, which may be a number or an email address: from a plain hash, these
 * can be found by trying.
 */
export function userHasher(
  digests: Digests,
  secrets: Secrets | undefined,
): (userId: string | number) => Hashes {
  const hashes = hasher(digests, secrets, 'users');
  return (userId) => hashes(String(userId));
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
