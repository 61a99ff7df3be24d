/** Checks and hashes the ids of the app's users: the visitor store keeps the hash only. */
import { createHash } from 'node:crypto';

/** Hashes the id of a user, which may be an email address, so that the id itself is not kept. */
export function userHash(userId: string | number): string {
  return createHash('sha256').update(String(userId)).digest('base64url');
}

/** The most characters of a user id. A longer text is a mistake: a token, a document. */
const MAX_USER_ID = 256;

export function isUserId(userId: unknown): userId is string | number {
  return typeof userId === 'number'
    ? Number.isFinite(userId)
    : typeof userId === 'string' && userId !== '' && userId.length <= MAX_USER_ID;
}
