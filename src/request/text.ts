/** Text from the network: cut to a length, and decoded without ever throwing. */

/** At most `max` UTF-16 units of `text`; a surrogate pair is not cut in two. */
export function clip(text: string, max: number): string {
  if (text.length <= max) return text;
  const last = text.charCodeAt(max - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? max - 1 : max);
}

const encoder = new TextEncoder();

/** At most `max` bytes of `text` in UTF-8, and no half of a character. */
export function clipBytes(text: string, max: number): string {
  // Three bytes are the most that one unit takes.
  if (text.length * 3 <= max) return text.toWellFormed();
  const whole = text.toWellFormed();
  return whole.slice(0, encoder.encodeInto(whole, new Uint8Array(max)).read);
}

const lenient = new TextDecoder('utf-8', { ignoreBOM: true });
const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });
const ESCAPES = /(?:%[0-9a-f]{2})+/gi;

/**
 * Percent escapes decoded as `URLSearchParams` does: bytes that are no UTF-8 become U+FFFD, a `%` that begins no
 * escape stays.
 */
export function percentDecoded(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replace(ESCAPES, decodeEscapes);
  }
}

const decodeEscapes = (escapes: string): string => lenient.decode(escapedBytes(escapes));

function escapedBytes(escapes: string): Uint8Array {
  const bytes = new Uint8Array(escapes.length / 3);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(escapes.slice(i * 3 + 1, i * 3 + 3), 16);
  return bytes;
}

/**
 * The text of a header whose sender had to put more into it than ASCII: as bytes of UTF-8 or Latin-1, or as percent
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

/** HTTP servers read header bytes as Latin-1. What is UTF-8 in truth is read again; anything else stays as it is. */
export function utf8Repaired(text: string): string {
  if (!BEYOND_ASCII.test(text) || BEYOND_BYTES.test(text)) return text;
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  try {
    return strict.decode(bytes);
  } catch {
    return text;
  }
}
