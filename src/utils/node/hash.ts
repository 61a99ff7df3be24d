import { createHash } from 'node:crypto';

/** What is kept of a visitor who was forgotten: the SHA-256 of the id, 64 digits. */
export function hashOf(visitorId: string): string {
  return createHash('sha256').update(visitorId).digest('hex');
}
