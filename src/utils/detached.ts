/**
 * The same text as a string of its own. V8 makes a part of a string of 13 characters and more a window on the whole: whoever keeps
 * an id from a Cookie header, or a value from a URL, keeps all of the header or the URL in memory.
 */
export function detached(text: string): string {
  // Joined and flattened, it is copied; what is cut off then is one character.
  return ` ${text}`.slice(1);
}
