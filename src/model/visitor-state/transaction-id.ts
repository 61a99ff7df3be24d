/** Makes the text by which a visitor's state remembers a transaction. */

/** The most characters of a transaction id that is remembered as it is. */
const MAX_ID = 256;

/**
 * Returns the id of a transaction in the form in which it is remembered: as it is, up to 256 characters; else as a
 * hash, so that long ids take little room. Equal ids have equal forms. Two long ids of one visitor that have the same
 * hash would count as one transaction. That never happens by chance, and whoever makes it happen only hides an order
 * of their own.
 */
export function transactionKey(id: string): string {
  return id.length <= MAX_ID ? id : `~${id.length}-${hash64(id, 1)}${hash64(id, 2)}`;
}

/** Returns a hash of 64 bits as 16 hexadecimal digits: two hashes of 32 bits, which are mixed at the end. */
function hash64(text: string, seed: number): string {
  let one = 0xdeadbeef ^ seed;
  let other = 0x41c6ce57 ^ seed;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    one = Math.imul(one ^ unit, 2654435761);
    other = Math.imul(other ^ unit, 1597334677);
  }
  const mixed = Math.imul(one ^ (one >>> 16), 2246822507) ^ Math.imul(other ^ (other >>> 13), 3266489909);
  const mixedOther =
    Math.imul(other ^ (other >>> 16), 2246822507) ^ Math.imul(one ^ (one >>> 13), 3266489909);
  return hex(mixed) + hex(mixedOther);
}

const hex = (number: number): string => (number >>> 0).toString(16).padStart(8, '0');
