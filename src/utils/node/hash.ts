/** Hashes of the ids of visitors and users, where the id itself is not kept. */
import { createHash } from 'node:crypto';

/**
 * Returns the SHA-256 of a visitor id as 64 hexadecimal digits. No more than this hash is kept of a visitor who was
 * forgotten.
 */
export function hashOf(visitorId: string): string {
  return sha256(visitorId, 'hex');
}

/**
 * Returns the SHA-256 of a text. Texts that have halves of surrogate pairs are hashed as UTF-16: as UTF-8, all these
 * halves would be one character. The byte before them stands in no UTF-8.
 */
export function sha256(text: string, encoding: 'hex' | 'base64url'): string {
  const hash = createHash('sha256');
  if (text.isWellFormed()) hash.update(text);
  else hash.update(Buffer.from([0xff])).update(text, 'utf16le');
  return hash.digest(encoding);
}
