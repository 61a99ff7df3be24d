/**
 * Defines what all transports share: the request headers, the limit for answers, how a web page is told, and the error
 * for a POST without an answer.
 */

export const POST_HEADERS = {
  'Content-Type': 'application/json',
  'User-Agent': 'ConvertAgent/1.0',
} as const;

/** Bytes of an answer's body that are read at most. The body is of no use, so the rest of a longer one is not read. */
export const MAX_ANSWER_BYTES = 64 * 1024;

/** The number of bytes in which the first tag of a page is looked for. */
const START = 256;

/**
 * True for a web page. A body without a tag is none, whatever its type: an endpoint of the app's own may answer `ok` as
 * `text/html`, as Express does.
 *
 * @param start the first bytes of the body; undefined if it is empty
 */
export function isWebPage(contentType: string | null | undefined, start: Uint8Array | undefined): boolean {
  if (start === undefined || !/^\s*text\/html\b/i.test(contentType ?? '')) return false;
  // The decoder leaves out the byte order mark.
  return new TextDecoder().decode(start.subarray(0, START)).trimStart().startsWith('<');
}

export function networkError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
