/** Milliseconds: what is older is not sent. Convert would count it for the wrong day. */
export const MAX_AGE = 72 * 60 * 60 * 1000;

/** Both in milliseconds since the epoch. */
export function isTooOld(acceptedAt: number, now: number): boolean {
  return acceptedAt < now - MAX_AGE;
}
