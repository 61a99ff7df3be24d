/** Shared by all transports: request headers, the limit for answers, and the error for a POST without an answer. */

export const POST_HEADERS = {
  'Content-Type': 'application/json',
  'User-Agent': 'ConvertAgent/1.0',
} as const;

/** An answer's body is of no use; one longer than this isn't even read to its end. */
export const MAX_ANSWER_BYTES = 64 * 1024;

export function networkError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
