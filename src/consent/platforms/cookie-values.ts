/**
 * Reads the values of cookies that consent platforms have written: lengths are bounded, values are decoded as needed,
 * and nothing throws.
 */
import { isPlainObject } from '../../utils/objects.js';
import type { Consent } from './types.js';

/** The most characters of a value: browsers keep no cookie with more octets of name and value (RFC 6265bis, 5.6). */
const MAX_LENGTH = 4_096;

/** The most times that a value is decoded: a script encodes it once, and proxies may encode it again. */
const MAX_DECODINGS = 3;

/**
 * Calls `read` with the value as it came, then decoded once, twice, three times, until `read` knows the text: it
 * returns undefined for a text that it does not know. So a value is decoded no more than needed, and the URL of a page
 * that is quoted in it can not be taken for its structure.
 */
export function answerIn(value: string | undefined, read: (text: string) => Consent | undefined): Consent {
  if (value === undefined || value.length > MAX_LENGTH) return 'unknown';
  let text = value;
  for (let decodings = 0; ; decodings++) {
    const answer = read(text);
    if (answer !== undefined) return answer;
    const next = decodings < MAX_DECODINGS ? decodedOnce(text) : undefined;
    if (next === undefined) return 'unknown';
    text = next;
  }
}

/** Decodes a value until it has no escapes any more; undefined if that is impossible. */
export function decodedWhole(value: string): string | undefined {
  let text = value;
  for (let decodings = 0; text.includes('%'); decodings++) {
    const next = decodings < MAX_DECODINGS ? decodedOnce(text) : undefined;
    if (next === undefined) return undefined;
    text = next;
  }
  return text;
}

/** Decodes a text once; undefined if it has no escapes, or malformed ones. */
function decodedOnce(text: string): string | undefined {
  if (!text.includes('%')) return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Parses a JSON object; undefined if the text is no JSON object. */
export function jsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.startsWith('{') || !text.endsWith('}')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isPlainObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Decodes base64, each byte to a character; '' if the text is none. For base64url, put `+` for `-` and `/` for `_`
 * first.
 */
export function fromBase64(text: string): string {
  // A text with `%` is still encoded. The look saves the exception that `atob` would throw.
  if (text.includes('%')) return '';
  try {
    return atob(text);
  } catch {
    return '';
  }
}

export function yesOrNo(value: unknown): Consent {
  return value === true ? 'granted' : value === false ? 'denied' : 'unknown';
}
