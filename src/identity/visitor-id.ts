/** New ids: UUIDs of version 4, as `crypto.randomUUID` makes them of pieces that cost four times the memory. */
import { createHmac, randomFillSync } from 'node:crypto';
import { headerText, type IncomingRequest } from '../model/http.js';
import { plainAddress } from '../request/ip-address.js';

/** Random bytes for so many ids are drawn at once. */
const DRAWN = 128;
const BYTES = 16;
const HEX = Buffer.from('0123456789abcdef', 'latin1');
/** Where the bytes stand in the text. */
const PLACES = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];

const random = Buffer.alloc(BYTES * DRAWN);
const text = Buffer.from('00000000-0000-0000-0000-000000000000', 'latin1');
let used = random.length;

export function newUuid(): string {
  if (used === random.length) {
    randomFillSync(random);
    used = 0;
  }
  for (let index = 0; index < BYTES; index++) {
    let byte = random[used + index]!;
    // What was given out must not be read from here.
    random[used + index] = 0;
    if (index === 6) byte = (byte & 0x0f) | 0x40;
    else if (index === 8) byte = (byte & 0x3f) | 0x80;
    const place = PLACES[index]!;
    text[place] = HEX[byte >> 4]!;
    text[place + 1] = HEX[byte & 15]!;
  }
  used += BYTES;
  return text.toString('latin1');
}

/**
 * HMAC-SHA256 of ip, user agent and language, as 32 characters of base64url. It changes when the client's address,
 * browser version or language does, and clients behind one address with one browser share it.
 */
export function fingerprint(request: IncomingRequest, secret: string): string {
  const parts = [
    plainAddress(request.ip),
    headerText(request.headers['user-agent']) ?? '',
    headerText(request.headers['accept-language']) ?? '',
  ];
  // JSON keeps the parts apart, whatever they contain.
  return createHmac('sha256', secret).update(JSON.stringify(parts)).digest('base64url').slice(0, 32);
}
