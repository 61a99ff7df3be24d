/**
 * Texts as bytes and in base64url: by the `Buffer` of Node, which is faster, and on platforms without one by what
 * browsers have, too.
 */

export interface Bytes {
  /** Returns the number of bytes of a text in UTF-8. */
  lengthOf(text: string): number;
  /** Returns a text in UTF-8, written in base64url. */
  toBase64url(text: string): string;
  /** Returns the text that `toBase64url` has written. Bytes that are no UTF-8 become U+FFFD. */
  fromBase64url(text: string): string;
  /** Writes bytes in base64url. */
  encode(bytes: Uint8Array): string;
  /** Returns the bytes that `encode` has written. */
  decode(text: string): Uint8Array;
}

export const nodeBytes: Bytes = {
  lengthOf: (text) => Buffer.byteLength(text),
  toBase64url: (text) => Buffer.from(text).toString('base64url'),
  fromBase64url: (text) => Buffer.from(text, 'base64url').toString('utf8'),
  encode: ({ buffer, byteOffset, length }) => Buffer.from(buffer, byteOffset, length).toString('base64url'),
  decode: (text) => Buffer.from(text, 'base64url'),
};

export const webBytes: Bytes = {
  lengthOf: (text) => utf8(text).length,
  toBase64url: (text) => webBytes.encode(utf8(text)),
  fromBase64url: (text) => textOf(webBytes.decode(text)),
  encode(bytes) {
    const characters = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
    return btoa(characters).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
  },
  decode(text) {
    // A single character at the end holds less than a byte: Node leaves it out, and `atob` throws.
    const whole = text.length % 4 === 1 ? text.slice(0, -1) : text;
    const characters = atob(whole.replaceAll('-', '+').replaceAll('_', '/'));
    return Uint8Array.from(characters, (character) => character.charCodeAt(0));
  },
};

export const BYTES: Bytes = typeof Buffer === 'function' ? nodeBytes : webBytes;

/** Returns a text as bytes in UTF-8. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Returns the text of bytes in UTF-8. A byte order mark stays. */
export function textOf(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

/** Puts parts together, one right after the other. Texts become UTF-8. */
export function joined(parts: readonly (string | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  const all = parts.map((part) => (typeof part === 'string' ? utf8(part) : part));
  const bytes = new Uint8Array(all.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of all) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
