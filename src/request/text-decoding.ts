/** Cuts and decodes text from the network, without ever throwing. */

/** Returns the start of `text`, at most `max` UTF-16 units long. No surrogate pair is cut in two. */
export function clip(text: string, max: number): string {
  if (text.length <= max) return text;
  const last = text.charCodeAt(max - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? max - 1 : max);
}

const encoder = new TextEncoder();

/** Returns the start of `text`, at most `max` bytes of UTF-8 long. No character is cut in two. */
export function clipBytes(text: string, max: number): string {
  // One UTF-16 unit takes three bytes at most.
  if (text.length * 3 <= max) return text.toWellFormed();
  const whole = text.toWellFormed();
  return whole.slice(0, encoder.encodeInto(whole, new Uint8Array(max)).read);
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

const PERCENT = 0x25;
/** The values of the hexadecimal digits, by their character codes. */
const DIGITS = new Map(
  [...'0123456789abcdefABCDEF'].map((digit) => [digit.charCodeAt(0), parseInt(digit, 16)]),
);
const digit = (code: number | undefined): number => DIGITS.get(code ?? 0) ?? NaN;

/**
 * Decodes percent escapes as `URLSearchParams` does: bytes that are no UTF-8 become U+FFFD, a `%` that begins no
 * escape stays. `decodeURIComponent` is not used, since an attacker could make it throw for each value of a query, and
 * exceptions are slow.
 */
export function percentDecoded(text: string): string {
  if (!text.includes('%')) return text;
  const bytes = encoder.encode(text);
  let length = 0;
  for (let at = 0; at < bytes.length; at++, length++) {
    const byte = bytes[at]!;
    const value = byte === PERCENT ? digit(bytes[at + 1]) * 16 + digit(bytes[at + 2]) : NaN;
    bytes[length] = Number.isNaN(value) ? byte : value;
    if (!Number.isNaN(value)) at += 2;
  }
  return decoder.decode(bytes.subarray(0, length));
}

const ESCAPES = /(?:%[0-9a-f]{2})+/gi;

function escapedBytes(escapes: string): Uint8Array {
  const bytes = new Uint8Array(escapes.length / 3);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(escapes.slice(i * 3 + 1, i * 3 + 3), 16);
  return bytes;
}

/**
 * Decodes a header with characters beyond ASCII, which senders write as bytes of UTF-8 or Latin-1, or as percent
 * escapes of either. A `%` that begins no escape stays.
 */
export function headerDecoded(text: string): string {
  const repaired = utf8Repaired(text);
  return repaired.includes('%') ? repaired.replace(ESCAPES, utf8OrLatin) : repaired;
}

function utf8OrLatin(escapes: string): string {
  return utf8Repaired(String.fromCharCode(...escapedBytes(escapes)));
}

const BEYOND_ASCII = /[\x80-\xff]/;
const BEYOND_BYTES = /[^\0-\xff]/;

/** Decodes UTF-8 that an HTTP server has read as Latin-1, as all do with headers. Any other text stays as it is. */
export function utf8Repaired(text: string): string {
  if (!BEYOND_ASCII.test(text) || BEYOND_BYTES.test(text)) return text;
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const repaired = decoder.decode(bytes);
  // U+FFFD stands for bytes that are no UTF-8, unless it was in the text itself. A decoder that throws would be
  // simpler, but an attacker could make it throw a hundred times per request.
  return countOf(repaired, '\ufffd') === countOf(text, '\xef\xbf\xbd') ? repaired : text;
}

const countOf = (text: string, part: string): number => text.split(part).length;
