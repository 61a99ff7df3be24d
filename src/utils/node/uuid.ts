/**
 * Makes UUIDs of version 4, as `crypto.randomUUID` does. Node joins each UUID from twenty strings. To write the digits
 * into one buffer takes a third of that time; with Node's, a new visitor costs 4 % more (bench/delivery: the outboxes).
 */
import { randomFillSync } from 'node:crypto';

const BYTES = 16;
/** Random bytes for 128 UUIDs are drawn at once. */
const random = Buffer.alloc(128 * BYTES);
let used = random.length;

const DIGITS = Buffer.from('0123456789abcdef', 'latin1');
const text = Buffer.from('00000000-0000-0000-0000-000000000000', 'latin1');
/** For each byte of a UUID, the index of its first digit in the text. */
const INDEXES = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];

export function newUuid(): string {
  if (used === random.length) {
    randomFillSync(random);
    used = 0;
  }
  // RFC 9562 wants the version in the high half of byte 6, and the variant in the two high bits of byte 8.
  random[used + 6] = (random[used + 6]! & 0x0f) | 0x40;
  random[used + 8] = (random[used + 8]! & 0x3f) | 0x80;
  for (let index = 0; index < BYTES; index++) {
    const byte = random[used + index]!;
    const at = INDEXES[index]!;
    text[at] = DIGITS[byte >> 4]!;
    text[at + 1] = DIGITS[byte & 0x0f]!;
  }
  used += BYTES;
  return text.toString('latin1');
}
