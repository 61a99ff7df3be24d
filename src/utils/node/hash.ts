/** The hash that stands for the id of an erased visitor. */
import { createHash } from 'node:crypto';

/** SHA-256 of the id, 64 hexadecimal digits: all that is kept of a visitor who was forgotten. */
export function hashOf(visitorId: string): string {
  return createHash('sha256').update(visitorId).digest('hex');
}
