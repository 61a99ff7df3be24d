/**
 * The numbers of the formats in which this package keeps what outlives a process, or passes from one process to
 * another.
 *
 * Two versions of the package may share a store, a spool, a Redis and the cookies of visitors, for as long as a new
 * version is rolled out, or is rolled back. So a change of a format that older versions would misread raises its
 * number, and each version leaves formats with a higher number than its own alone. It reads lower ones. Fields that are
 * added, and that older versions may ignore, raise no number.
 *
 * The number stands at the beginning of documents and cookies; what has none has the format 1. Folders in the spool,
 * keys of the Redis outbox and keys of the project cache have it in their names, so that each version uses its own.
 */
export const FORMATS: Readonly<Record<FormatName, number>> = {
  state: 1,
  spool: 1,
  redisOutbox: 1,
  projectCache: 1,
  sessionCookie: 1,
  aliasCookie: 1,
  assignmentCookie: 1,
  carriedVisitor: 1,
  preview: 1,
  waitingOrders: 1,
};

export type FormatName =
  | 'state'
  | 'spool'
  | 'redisOutbox'
  | 'projectCache'
  | 'sessionCookie'
  | 'aliasCookie'
  | 'assignmentCookie'
  | 'carriedVisitor'
  | 'preview'
  | 'waitingOrders';

/** True if this version reads the format with this number. */
export function isKnownFormat(name: FormatName, number: unknown): boolean {
  return Number.isInteger(number) && (number as number) >= 1 && (number as number) <= FORMATS[name];
}

/** A format number of a cookie: at least two parts of the value follow it. */
const NUMBERED = /^(\d{1,3})\.(?=[^.]+\.)/;

/** Returns the value of a cookie behind its format number; undefined if this version does not know the format. */
export function withoutFormat(name: FormatName, value: string): string | undefined {
  const found = NUMBERED.exec(value);
  if (found === null) return value;
  return isKnownFormat(name, Number(found[1])) ? value.slice(found[0].length) : undefined;
}

/** Returns the end of a name that tells the format; '' for the format 1, which names had before they told it. */
export function formatSuffix(number: number): string {
  return number === 1 ? '' : `.v${number}`;
}
