/** Reads what an app gives to `forVisitor` and `forget`, which may be data of an order or a message. */
import type { JobIdentity, JobVisitor } from '../context/job-context.js';
import type { Runtime } from '../context/runtime.js';
import { ConvertError } from '../utils/errors.js';
import { asObject, NOTHING } from '../utils/objects.js';
import { type Check, either, given, oneOf } from '../utils/option-checks.js';
import type { VisitorRequest } from '../request/described-request.js';
import type { ForVisitorOptions } from './types.js';

/** A context without an id counts what it is asked to count as `no-identity`. */
const NOBODY: JobIdentity = { id: '', origin: undefined, carried: undefined };

const anObject: Check = (value, path) =>
  typeof value === 'object' && !Array.isArray(value)
    ? []
    : [`\`${path}\` must be an object (given ${given(value)})`];
const origins = oneOf('app', 'cookie', 'carried');
const TEXTS = ['url', 'referrer', 'userAgent', 'ip'] as const;
const texts: Check = (value, path) => {
  for (const name of TEXTS) {
    const each = (value as VisitorRequest)[name];
    if (each !== undefined && each !== null && typeof each !== 'string')
      return [`\`${path}.${name}\` must be a text (given ${given(each)})`];
  }
  return [];
};
const consent = either("'granted', 'denied' or 'unknown'", oneOf('granted', 'denied', 'unknown'));

/** Returns a visitor id as text; undefined if the value is none. */
function visitorIdOf(value: unknown): string | undefined {
  if (typeof value === 'string' && value !== '') return value;
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : undefined;
}

/**
 * Returns the id of the visitor to forget, whom a text of `carry()` may name.
 *
 * @throws ConvertError `CONVERT_BAD_OPTION`
 */
export function idToForget(visitorId: unknown, runtime: Runtime): string {
  const id = visitorIdOf(visitorId);
  const read = id === undefined ? 'invalid' : runtime.carrier.read(id, runtime.now());
  if (typeof read === 'object') return read.id;
  if (id !== undefined && read === 'bare') return id;
  throw new ConvertError(
    'CONVERT_BAD_OPTION',
    'forget() takes a visitor id: text, not empty, or a number; or a text of carry() that is signed with one of' +
      ' `secrets`, and not older than 30 days',
  );
}

/** Returns what `forVisitor` was given. If a value is wrong, it is reported, and nothing is counted for the visitor. */
export function jobVisitor(
  visitorId: unknown,
  options: ForVisitorOptions | null | undefined,
  runtime: Runtime,
  raw?: unknown,
): JobVisitor {
  const id = visitorIdOf(visitorId);
  const wrong: string[] = [];
  if (id === undefined) {
    if (visitorId === undefined || visitorId === null || visitorId === '')
      runtime.warnOnce('CONVERT_VISITOR_ID', 'forVisitor was given no visitor id; nothing is counted for it');
    else wrong.push(`the visitor id must be text or a finite number (given ${given(visitorId)})`);
  }
  const optional = (check: Check, value: unknown, name: string): void => {
    if (value !== undefined && value !== null) wrong.push(...check(value, name));
  };
  optional(anObject, options, 'options');
  const { properties, consent: answer, origin, request }: ForVisitorOptions = asObject(options);
  optional(anObject, properties, 'properties');
  optional(consent, answer, 'consent');
  optional(origins, origin, 'origin');
  optional(anObject, request, 'request');
  if (wrong.length === 0) optional(texts, request, 'request');
  if (wrong.length === 0) {
    const identity = id === undefined ? NOBODY : identityOf(id, origin ?? undefined, runtime);
    return {
      identity,
      properties: properties ?? NOTHING,
      consent: answer ?? undefined,
      request: request ?? undefined,
      raw,
    };
  }
  runtime.report(
    new ConvertError('CONVERT_BAD_OPTION', `forVisitor: ${wrong.join('; ')}; nothing is counted`),
  );
  return { identity: NOBODY, properties: NOTHING, consent: undefined, request: undefined, raw };
}

/** The most characters of a visitor id: `visitor.id` takes no longer one. */
const MAX_ID = 256;

/** Why a text names nobody. Such texts are normal: whoever has placed an order may have written them. */
const NAMES_NOBODY = {
  invalid:
    'a text that looks as if carry() had made it is not signed with one of `secrets`: it is forged, or cut (it may' +
    ' have 200 characters), or a secret is missing here',
  expired: 'a text of carry() is older than 30 days',
  unsigned: "a text with `origin: 'carried'` is not signed, and no id that a cookie of ours may hold",
  long: `a text with \`origin: 'carried'\` has over ${MAX_ID} characters`,
} as const;

/** Finds whose the id is, which may be a text of `carry()`. */
function identityOf(
  text: string,
  origin: (ForVisitorOptions['origin'] & string) | undefined,
  runtime: Runtime,
): JobIdentity {
  const nobody = (why: keyof typeof NAMES_NOBODY): JobIdentity => {
    runtime.warnOnce(
      'CONVERT_VISITOR_ID',
      `forVisitor: ${NAMES_NOBODY[why]}; nothing is counted for it`,
      why,
    );
    return NOBODY;
  };
  const { carrier, storeKeys } = runtime;
  const read = carrier.read(text, runtime.now());
  if (typeof read === 'object') return { id: read.id, origin: read.origin, carried: read };
  if (read !== 'bare') return nobody(read);
  if (origin !== 'carried') return { id: text, origin, carried: undefined };
  if (text.length > MAX_ID) return nobody('long');
  // Without secrets, no text is signed, and the id may be the app's.
  if (!carrier.signs) return { id: text, origin: undefined, carried: 'bare' };
  return storeKeys.isOurs(text) ? { id: text, origin: 'cookie', carried: 'bare' } : nobody('unsigned');
}
