/** The checksum in files of the spool, as text: a torn or damaged line or frame is told by it. */
import { crc32 } from 'node:zlib';

/** Returns the CRC-32 of a text, followed by the bytes of `body` if given, as eight hexadecimal digits. */
export function crcOf(text: string, body: Uint8Array = NO_BYTES): string {
  return crc32(body, crc32(text)).toString(16).padStart(8, '0');
}

const NO_BYTES = new Uint8Array();
