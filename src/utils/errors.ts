/** The one class of error that this package throws, and its stable codes. */
import { cleanText } from './clean-text.js';
import { helpOn } from './help.js';

export const ERROR_CODES = [
  'CONVERT_BAD_OPTION',
  'CONVERT_NO_PROJECT',
  'CONVERT_NO_ENGINE',
  'CONVERT_BAD_PROJECT',
  'CONVERT_PROJECT_UNREACHABLE',
  'CONVERT_PROJECT_CACHE',
  'CONVERT_NOT_LOADED',
  'CONVERT_NOT_READY',
  'CONVERT_DELIVERY',
  'CONVERT_SPOOL',
  'CONVERT_STORE',
  'CONVERT_GEO',
  'CONVERT_CALLBACK',
  'CONVERT_ROUTE',
  'CONVERT_INTERNAL',
] as const;

/**
 * - `CONVERT_BAD_OPTION`: an option is unknown, of a wrong type, or contradicts another; thrown at construction, or by
 *   the call that got the option
 * - `CONVERT_NO_PROJECT`: neither a key nor a project was given; thrown at construction
 * - `CONVERT_NO_ENGINE`: no engine can be loaded; thrown at construction
 * - `CONVERT_BAD_PROJECT`: the loaded data are not a Convert project config
 * - `CONVERT_PROJECT_UNREACHABLE`: the project config could not be fetched or read
 * - `CONVERT_PROJECT_CACHE`: the project cache failed, or holds data that can't be used; the config is fetched without
 *   it
 * - `CONVERT_NOT_LOADED`: a part of this package, or a package that it needs, could not be loaded when it was needed;
 *   something may be missing in a bundle
 * - `CONVERT_NOT_READY`: a call needed a project config, and none has arrived yet
 * - `CONVERT_DELIVERY`: the tracking endpoint refused events or could not be reached
 * - `CONVERT_SPOOL`: events could not be kept on disk or in Redis; they wait in memory
 * - `CONVERT_STORE`: the visitor store failed
 * - `CONVERT_GEO`: a geo database can't be read; the data that were read last, if any, stay in use
 * - `CONVERT_CALLBACK`: a function that the app gave (visitor.id, consent, properties, skip, waitUntil, a listener)
 *   threw
 * - `CONVERT_ROUTE`: a route of this package could not read the bytes of a request
 * - `CONVERT_INTERNAL`: a bug of this package, caught before it could reach the visitor
 */
export type ConvertErrorCode = (typeof ERROR_CODES)[number];

/**
 * The error of this package. Its message says what failed and how to solve that. It never holds a visitor id, a cookie,
 * a query or a secret.
 */
export class ConvertError extends Error {
  override readonly name = 'ConvertError';
  /**
   * The code and the constant part of the message. Errors with the same cause have the same `kind`, whatever is in the
   * request.
   */
  declare readonly kind: string;
  /** The address of the page that says how to mend the matter. Node prints it with an error that nobody has caught. */
  readonly help: string;

  constructor(
    readonly code: ConvertErrorCode,
    message: string,
    { cause, detail = '' }: { cause?: unknown; detail?: string } = {},
  ) {
    // The message may quote a name in a config, or the message of a server or a library.
    super(cleanText(`convert: ${message}${detail}`), cause === undefined ? undefined : { cause });
    // Node prints the fields of an error that nobody has caught, and this one would repeat the message.
    Object.defineProperty(this, 'kind', { value: `${code}: ${cleanText(message)}` });
    this.help = helpOn(code);
  }
}

/**
 * Codes of errors that come from the app, or from a library that the app chose. The text of such an error may quote
 * data of a visitor.
 */
const FOREIGN: ReadonlySet<ConvertErrorCode> = new Set([
  'CONVERT_CALLBACK',
  'CONVERT_STORE',
  'CONVERT_INTERNAL',
]);

/**
 * Returns `error` itself if it is a ConvertError; otherwise a ConvertError with `code` and `message`, and with the
 * error as its `cause`. If `code` is in `FOREIGN`, the message tells only the error's name, its code and the place in
 * the source, since the error's text may hold personal data.
 */
export function asConvertError(error: unknown, code: ConvertErrorCode, message: string): ConvertError {
  if (error instanceof ConvertError) return error;
  const detail = FOREIGN.has(code)
    ? ` (${traitsOf(error)})`
    : `: ${error instanceof Error ? error.message : String(error)}`;
  return new ConvertError(code, message, { cause: error, detail });
}

const CODE = /^[A-Z][A-Z0-9_]{1,40}$/;
const NAME = /^[A-Za-z][A-Za-z0-9]{0,40}$/;
const PLACE = /^[ \t]+at (?:.* \()?([^()\s]{1,200}:\d+:\d+)\)?$/m;
/** The number of characters of a stack that are searched for the place of the error. */
const MAX_STACK = 2_000;

/**
 * Returns the name of an error, its code and the place in the source, for a line about an error whose text may hold
 * personal data.
 */
export function traitsOf(error: unknown): string {
  if (!(error instanceof Error)) return error === null ? 'null' : typeof error;
  const { code } = error as Error & { code?: unknown };
  const name = NAME.test(error.name) ? error.name : 'Error';
  // The stack begins with the message, which may hold lines that look like places in the source. So the message is cut
  // off.
  const head = `${error.name}: ${error.message}`;
  const { stack = '' } = error;
  const frames = stack.startsWith(head) ? stack.slice(head.length, head.length + MAX_STACK) : '';
  const place = PLACE.exec(frames)?.[1];
  const what = typeof code === 'string' && CODE.test(code) ? `${name} ${code}` : name;
  return place === undefined ? what : `${what} at ${place}`;
}

/**
 * Returns the code of an error of the system, a network or a driver; its name if it has no code. The message is never
 * returned, since it may quote data of a visitor.
 */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

/** Returns a handler for rejections: it ignores errors with one of these codes, and throws all others again. */
export function ignoreCodes(...codes: readonly string[]): (error: unknown) => undefined {
  return (error) => {
    if (!codes.includes(codeOf(error))) throw error;
  };
}

/** Ignores the error that a file is not there. */
export const ignoreMissing = ignoreCodes('ENOENT');
