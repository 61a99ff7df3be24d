/** Users of the app, as the store knows them: which visitor was the first that they were. */
import { createHash } from 'node:crypto';

/** Names a user, for whom has the id. It may be an address, and is not kept. */
export function userHash(userId: string | number): string {
  return createHash('sha256').update(String(userId)).digest('base64url');
}

/** More is a mistake: a token, a document. */
const MAX_USER_ID = 256;

export function isUserId(userId: unknown): userId is string | number {
  return typeof userId === 'number'
    ? Number.isFinite(userId)
    : typeof userId === 'string' && userId !== '' && userId.length <= MAX_USER_ID;
}
