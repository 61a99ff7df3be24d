/** Makes ids of texts. */

const OFFSET = 0xcbf29ce484222325n;
const PRIME = 0x100000001b3n;

/**
 * Returns a hash of a text as decimal digits: the upper 53 bits of FNV-1a with 64 bits, so that the number is exact in
 * JavaScript, too. It protects nothing: whoever wants a collision can make one.
 *
 * Source: http://www.isthe.com/chongo/tech/comp/fnv/ (public domain).
 */
export function digitsOf(text: string): string {
  let hash = OFFSET;
  for (const byte of new TextEncoder().encode(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * PRIME);
  return String(hash >> 11n);
}
