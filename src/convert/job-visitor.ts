/** Reads what an app gives to `forVisitor`, which may be data of an order or a message. */
import type { Consent } from '../consent/consent.js';
import { ConvertError } from '../utils/errors.js';
import { asObject } from '../utils/objects.js';
import { type Check, either, given, oneOf } from '../utils/option-checks.js';
import type { Reporter } from './reporter.js';
import type { ForVisitorOptions } from './types.js';

interface JobVisitor {
  /** '' if the app gave no visitor id: nothing is counted then. */
  readonly id: string;
  readonly properties: Record<string, unknown>;
  /** The consent that the app gave; undefined if the stored answer decides. */
  readonly consent: Consent | undefined;
  /** Where the id comes from; undefined if the app did not say. */
  readonly origin: 'app' | 'cookie' | undefined;
}

const anObject: Check = (value, path) =>
  typeof value === 'object' && !Array.isArray(value)
    ? []
    : [`\`${path}\` must be an object (given ${given(value)})`];
const origins = oneOf('app', 'cookie');
const consent = either("'granted', 'denied' or 'unknown'", oneOf('granted', 'denied', 'unknown'));

/** Returns a visitor id as text; undefined if the value is none. */
export function visitorIdOf(value: unknown): string | undefined {
  if (typeof value === 'string' && value !== '') return value;
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : undefined;
}

/** Returns what `forVisitor` was given. If a value is wrong, it is reported, and nothing is counted for the visitor. */
export function jobVisitor(
  visitorId: unknown,
  options: ForVisitorOptions | null | undefined,
  { report, warnOnce }: Pick<Reporter, 'report' | 'warnOnce'>,
): JobVisitor {
  const id = visitorIdOf(visitorId);
  const wrong: string[] = [];
  if (id === undefined) {
    if (visitorId === undefined || visitorId === null || visitorId === '')
      warnOnce('no-visitor-id', 'forVisitor was given no visitor id; nothing is counted for it');
    else wrong.push(`the visitor id must be text or a finite number (given ${given(visitorId)})`);
  }
  const optional = (check: Check, value: unknown, name: string): void => {
    if (value !== undefined && value !== null) wrong.push(...check(value, name));
  };
  optional(anObject, options, 'options');
  const { properties, consent: answer, origin }: ForVisitorOptions = asObject(options);
  optional(anObject, properties, 'properties');
  optional(consent, answer, 'consent');
  optional(origins, origin, 'origin');
  if (wrong.length === 0)
    return {
      id: id ?? '',
      properties: properties ?? {},
      consent: answer ?? undefined,
      origin: origin ?? undefined,
    };
  report(new ConvertError('CONVERT_BAD_OPTION', `forVisitor: ${wrong.join('; ')}; nothing is counted`));
  // A context without an id counts what it is asked to count as `no-identity`.
  return { id: '', properties: {}, consent: undefined, origin: undefined };
}
