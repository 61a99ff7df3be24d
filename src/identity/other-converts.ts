/** What several Converts of one app have in common for a request: its visitor is one and the same for all of them. */
import type { ConsentAnswer } from '../consent/answer.js';
import type { VisitorCookieOptions } from './cookies/visitor-cookie.js';
import { NOTHING } from '../utils/objects.js';

/** What the other Converts of a request know of its visitor. */
export interface OtherConverts {
  /** Returns the denial that one of them has read; else `own`, the answer that this Convert has read. */
  answerOr(own: ConsentAnswer): ConsentAnswer;
  /** The id that one of them has made in this request; undefined if none has. */
  readonly generatedId: string | undefined;
  /** Keeps an id that was made in this request, and returns it. */
  keepId(id: string): string;
}

/** The options of the visitor cookie that have to be alike. */
const OF_COOKIE = [
  'name',
  'domain',
  'maxAge',
  'sameSite',
  'secure',
  'partitioned',
  'signed',
  'accept',
] as const satisfies readonly (keyof VisitorCookieOptions)[];

/** Returns, by path, the options that Converts must have alike whose visitor is the same. */
export function sharedOptions(visitor: {
  readonly id?: unknown;
  readonly fingerprint?: unknown;
  readonly cookie?: VisitorCookieOptions | false;
}): Readonly<Record<string, unknown>> {
  const cookie: VisitorCookieOptions = visitor.cookie || NOTHING;
  const ofCookie = OF_COOKIE.map((name) => [`visitor.cookie.${name}`, textOf(cookie[name])]);
  return {
    'visitor.id': visitor.id !== undefined,
    'visitor.fingerprint': visitor.fingerprint !== undefined,
    'visitor.cookie': visitor.cookie !== false,
    ...(Object.fromEntries(ofCookie) as object),
  };
}

const textOf = (value: unknown): string => (value instanceof RegExp ? String(value) : JSON.stringify(value));
