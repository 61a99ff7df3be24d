/** What texts mean, at a glance: in front of an answer that takes longer. */

/** Beyond that, a text is answered and not remembered: strangers send as much as they may. In UTF-16 code units. */
const MAX_LENGTH = 512;
/** A power of two. */
const PLACES = 512;
/** At most so many characters decide where a text is looked for. */
const LOOKED_AT = 8;

/**
 * Remembers the answers for some hundred texts. A `Map` hashes a text whole before it can look for it, all the 120
 * characters of each request's user agent; here some characters tell the place, and what is there is compared. Two
 * texts of one place take turns: `answer` should not be slow, or keep a `Map` of its own.
 */
export function memoizeByString<Value>(answer: (text: string) => Value): (text: string) => Value {
  const texts = new Array<string | undefined>(PLACES).fill(undefined);
  const values = new Array<Value | undefined>(PLACES).fill(undefined);
  return (text) => {
    const place = placeOf(text);
    if (texts[place] === text) return values[place] as Value;
    const value = answer(text);
    if (text.length <= MAX_LENGTH) {
      texts[place] = text;
      values[place] = value;
    }
    return value;
  };
}

function placeOf(text: string): number {
  const { length } = text;
  const step = Math.floor(length / LOOKED_AT) + 1;
  let sum = length;
  for (let at = length - 1; at >= 0; at -= step) sum = (Math.imul(sum, 31) + text.charCodeAt(at)) | 0;
  return (sum ^ (sum >>> 9)) & (PLACES - 1);
}

/**
 * The same text as a string of its own. V8 makes a part of a string of 13 characters and more a window on the whole: whoever keeps
 * an id from a Cookie header, or a value from a URL, keeps all of the header or the URL in memory.
 */
export function flattenString(text: string): string {
  // Joined and flattened, it is copied; what is cut off then is one character.
  return ` ${text}`.slice(1);
}
