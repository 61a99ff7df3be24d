/**
 * Defines what all transports share: the request headers, the limit for answers, and the error for a POST without an
 * answer.
 */

export const POST_HEADERS = {
  'Content-Type': 'application/json',
  'User-Agent': 'ConvertAgent/1.0',
} as const;

/** Bytes of an answer's body that are read at most. The body is of no use, so the rest of a longer one is not read. */
export const MAX_ANSWER_BYTES = 64 * 1024;

export function networkError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
