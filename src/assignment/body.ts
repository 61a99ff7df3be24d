/** Reads the bodies of requests: JSON that a caller has sent, in which anything may be missing or of another type. */
import { textOf } from '../utils/node/bytes.js';
import { isPlainObject } from '../utils/objects.js';

/** A kind of value that a field may have: its name in messages, and its check. */
interface Kind {
  readonly meant: string;
  readonly isRight: (value: unknown) => boolean;
}

/** The fields of an object, by their names; those of an object in it are fields again. */
export interface Fields {
  readonly [name: string]: Kind | Fields;
}

const isText = (value: unknown): value is string => typeof value === 'string';

const oneOf = (...values: readonly string[]): Kind => ({
  meant: `one of ${values.map((each) => `'${each}'`).join(', ')}`,
  isRight: (value) => isText(value) && values.includes(value),
});

/** The most characters of an id: `visitor.id` takes no longer one, either. */
const MAX_ID = 256;
/** The most experiments of one request. */
export const MAX_KEYS = 100;

const text: Kind = { meant: 'a text', isRight: isText };
const flag: Kind = { meant: 'true or false', isRight: (value) => typeof value === 'boolean' };
const object: Kind = { meant: 'an object', isRight: isPlainObject };
const id: Kind = {
  meant: `a text of 1 to ${MAX_ID} characters`,
  isRight: (value) => isText(value) && value !== '' && value.length <= MAX_ID,
};
const page: Kind = {
  meant: 'an absolute http(s) URL, or a path',
  // An address that no browser opens, such as one with the port 99999, is none of a page.
  isRight: (value) =>
    isText(value) && (value.startsWith('/') || (/^https?:\/\/[^/?#\\]/i.test(value) && URL.canParse(value))),
};
const keys: Kind = {
  meant: `a list of 1 to ${MAX_KEYS} keys`,
  isRight: (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.length <= MAX_KEYS &&
    value.every((each) => isText(each)),
};

/** The fields of every request that is about a visitor. */
const VISITOR: Fields = {
  visitor_id: id,
  origin: oneOf('app', 'cookie'),
  consent: oneOf('granted', 'denied', 'unknown'),
  properties: object,
  context: { url: page, search: text, referrer: text, user_agent: text, ip: text },
};

export const ASSIGNMENT: Fields = { ...VISITOR, track_impression: flag };
export const BATCH: Fields = { ...ASSIGNMENT, experiment_keys: keys };
export const PERSONALIZATION: Fields = { visitor_id: id };
export const CONVERSION: Fields = {
  ...VISITOR,
  userId: id,
  event: id,
  distinctId: id,
  eventProperties: object,
  ruleData: object,
  identityContext: { ip: text, userAgent: text },
};

/** The fields that a caller may send. A field that is null counts as missing, as many clients write it so. */
export interface Body {
  readonly token?: unknown;
  readonly visitor_id?: string;
  readonly origin?: 'app' | 'cookie';
  readonly consent?: 'granted' | 'denied' | 'unknown';
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly context?: Context;
  readonly track_impression?: boolean;
  readonly experiment_keys?: readonly string[];
  readonly userId?: string;
  readonly event?: string;
  readonly distinctId?: string;
  readonly eventProperties?: Readonly<Record<string, unknown>>;
  readonly ruleData?: Record<string, unknown>;
  readonly identityContext?: { readonly ip?: string; readonly userAgent?: string };
}

export interface Context {
  readonly url?: string;
  readonly search?: string;
  readonly referrer?: string;
  readonly user_agent?: string;
  readonly ip?: string;
}

/** Parses a body; undefined if it is no JSON object. */
export function parsed(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(textOf(bytes));
    return isPlainObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Returns the fields that the endpoint knows, without those that are null; or a sentence that says which of them is
 * wrong. Fields that it does not know are ignored.
 */
export function fieldsOf(
  given: Readonly<Record<string, unknown>>,
  fields: Fields,
  required: readonly string[],
): Body | string {
  const missing = required.find((name) => !Object.hasOwn(given, name) || given[name] === null);
  if (missing !== undefined) return `\`${missing}\` is missing`;
  return checked(given, fields, '');
}

function checked(given: Readonly<Record<string, unknown>>, fields: Fields, path: string): object | string {
  const known: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (field === undefined || value === null) continue;
    if (isKind(field)) {
      if (!field.isRight(value)) return `\`${path}${name}\` must be ${field.meant}`;
      known[name] = value;
    } else {
      if (!isPlainObject(value)) return `\`${path}${name}\` must be an object`;
      const inner = checked(value, field, `${path}${name}.`);
      if (typeof inner === 'string') return inner;
      known[name] = inner;
    }
  }
  return known;
}

const isKind = (field: Kind | Fields): field is Kind => typeof field.isRight === 'function';
