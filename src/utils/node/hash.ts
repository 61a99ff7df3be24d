/** The hash that stands for the id of an erased visitor. */
import { createHash } from 'node:crypto';

/**
 * Returns the SHA-256 of a visitor id as 64 hexadecimal digits. No more than this hash is kept of a visitor who was
 * forgotten.
 */
export function hashOf(visitorId: string): string {
  return createHash('sha256').update(visitorId).digest('hex');
}
