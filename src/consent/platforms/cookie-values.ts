/** Reading values that somebody else has written: bounded, decoded as often as it takes, never an exception. */
import { isPlainObject } from '../../utils/objects.js';
import type { Consent } from './types.js';

/** In characters: no browser keeps a cookie whose name and value take more octets (RFC 6265bis, 5.6). */
const MAX_LENGTH = 4_096;

/** A script encodes once, and what stands between it and us may do so again. */
const MAX_DECODINGS = 3;

/**
 * What `read` finds in the value as it came, or else decoded once, twice, three times. `read` gives undefined for a
 * text that it does not know. The structure of a value is looked for before what stands inside is decoded: the
 * address of a page that is quoted there can not pose as structure.
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

/** Decoded until nothing is left to decode; undefined where that can't be done. */
export function decodedWhole(value: string): string | undefined {
  let text = value;
  for (let decodings = 0; text.includes('%'); decodings++) {
    const next = decodings < MAX_DECODINGS ? decodedOnce(text) : undefined;
    if (next === undefined) return undefined;
    text = next;
  }
  return text;
}

/** undefined where there is nothing to decode, or it is malformed. */
function decodedOnce(text: string): string | undefined {
  if (!text.includes('%')) return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** undefined where the text is no JSON object. */
export function jsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.startsWith('{') || !text.endsWith('}')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isPlainObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function yesOrNo(value: unknown): Consent {
  return value === true ? 'granted' : value === false ? 'denied' : 'unknown';
}
