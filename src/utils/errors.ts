/** The one class of error that this package throws, and its stable codes. */

/**
 * - `CONVERT_BAD_OPTION` an option is unknown, of a wrong type, or contradicts another; thrown at construction, or by
 *   the call that got it
 * - `CONVERT_NO_PROJECT` neither a key nor a project was given; thrown at construction
 * - `CONVERT_NO_ENGINE` no engine can be loaded; thrown at construction
 * - `CONVERT_BAD_PROJECT` what was loaded is not a Convert project config
 * - `CONVERT_PROJECT_UNREACHABLE` the project config could not be fetched or read
 * - `CONVERT_PROJECT_CACHE` the project cache failed, or holds what can't be used; the config is fetched without it
 * - `CONVERT_NOT_READY` something needed a project config and none has arrived
 * - `CONVERT_DELIVERY` the tracking endpoint refused or could not be reached
 * - `CONVERT_SPOOL` events could not be kept on disk or in Redis; they wait in memory
 * - `CONVERT_STORE` the visitor store failed
 * - `CONVERT_GEO` a geo database can't be read; what was read last, if anything, stays in force
 * - `CONVERT_CALLBACK` a function that the app gave (visitor.id, consent, properties, skip, waitUntil, a listener)
 *   threw
 * - `CONVERT_INTERNAL` a bug of ours, caught before it could reach the visitor
 */
export type ConvertErrorCode =
  | 'CONVERT_BAD_OPTION'
  | 'CONVERT_NO_PROJECT'
  | 'CONVERT_NO_ENGINE'
  | 'CONVERT_BAD_PROJECT'
  | 'CONVERT_PROJECT_UNREACHABLE'
  | 'CONVERT_PROJECT_CACHE'
  | 'CONVERT_NOT_READY'
  | 'CONVERT_DELIVERY'
  | 'CONVERT_SPOOL'
  | 'CONVERT_STORE'
  | 'CONVERT_GEO'
  | 'CONVERT_CALLBACK'
  | 'CONVERT_INTERNAL';

/** Errors say what failed and the way out. They never hold a visitor id, a cookie, a query or a secret. */
export class ConvertError extends Error {
  override readonly name = 'ConvertError';
  /** The code and the constant part of the message: the same for the same trouble, whatever a request holds. */
  readonly kind: string;

  constructor(
    readonly code: ConvertErrorCode,
    message: string,
    { cause, detail = '' }: { cause?: unknown; detail?: string } = {},
  ) {
    super(`convert: ${message}${detail}`, cause === undefined ? undefined : { cause });
    this.kind = `${code}: ${message}`;
  }
}

/** Causes that are the app's own, or a library's that the app chose: their texts may quote what a visitor sent. */
const FOREIGN: ReadonlySet<ConvertErrorCode> = new Set([
  'CONVERT_CALLBACK',
  'CONVERT_STORE',
  'CONVERT_INTERNAL',
]);

/**
 * Returns `error` itself if it is a ConvertError, else a ConvertError with `code` and `message`, and with the error as
 * its `cause`. The message tells only name, code and place of a foreign error, since its text may hold personal data.
 */
export function asConvertError(error: unknown, code: ConvertErrorCode, message: string): ConvertError {
  if (error instanceof ConvertError) return error;
  const detail = FOREIGN.has(code)
    ? ` (${traits(error)})`
    : `: ${error instanceof Error ? error.message : String(error)}`;
  return new ConvertError(code, message, { cause: error, detail });
}

const CODE = /^[A-Z][A-Z0-9_]{1,40}$/;
const NAME = /^[A-Za-z][A-Za-z0-9]{0,40}$/;
const PLACE = /^[ \t]+at (?:.* \()?([^()\s]{1,200}:\d+:\d+)\)?$/m;
/** Longer than any place that is worth telling. */
const MAX_STACK = 2_000;

function traits(error: unknown): string {
  if (!(error instanceof Error)) return error === null ? 'null' : typeof error;
  const { code } = error as Error & { code?: unknown };
  const name = NAME.test(error.name) ? error.name : 'Error';
  // The stack begins with the message, which may hold anything, lines that look like places too.
  const head = `${error.name}: ${error.message}`;
  const { stack = '' } = error;
  const frames = stack.startsWith(head) ? stack.slice(head.length, head.length + MAX_STACK) : '';
  const place = PLACE.exec(frames)?.[1];
  const what = typeof code === 'string' && CODE.test(code) ? `${name} ${code}` : name;
  return place === undefined ? what : `${what} at ${place}`;
}

/**
 * The code of an error of the system, a network or a driver, else its name. Never its message: that may quote a
 * visitor.
 */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
