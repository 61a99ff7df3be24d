/**
 * Small checks for options, which can be combined. Their messages name the option, the given value and the expected
 * one.
 */
import { ConvertError } from './errors.js';

/** Checks the value of the option `path`. Returns a message for each error; an empty list if the value is right. */
export type Check = (value: unknown, path: string) => string[];

function must(meant: string, isRight: (value: unknown) => boolean, show: (value: unknown) => string): Check {
  return (value, path) =>
    isRight(value) ? [] : [`option \`${path}\` must be ${meant} (given ${show(value)})`];
}

export const text: Check = must(
  'a non-empty string',
  (value) => typeof value === 'string' && value !== '',
  given,
);
export const flag: Check = must('true or false', (value) => typeof value === 'boolean', given);
export const fn: Check = must('a function', (value) => typeof value === 'function', given);
/** Checks a secret. The message never shows the given value. */
export const secret: Check = must(
  'a non-empty string',
  (value) => typeof value === 'string' && value !== '',
  kind,
);

/** The fewest characters of a secret that the app has chosen: a shorter one can be found by trying. */
const MIN_SECRET = 16;
const isLong = (value: unknown): boolean => typeof value === 'string' && value.length >= MIN_SECRET;

/** Checks a secret that the app has chosen. The message never shows the given value. */
export const longSecret: Check = must(`a string of at least ${MIN_SECRET} characters`, isLong, (value) =>
  typeof value === 'string' ? '[secret]' : kind(value),
);

/** The most secrets: to check a signature may cost an HMAC for each of them. */
const MAX_SECRETS = 8;

/** Checks one secret or a list of secrets. The message never shows the given value. */
export const secrets: Check = must(
  `a string of at least ${MIN_SECRET} characters, or a list of up to ${MAX_SECRETS} such strings, the newest first`,
  (value) => {
    const list: readonly unknown[] = Array.isArray(value) ? value : [value];
    return list.length > 0 && list.length <= MAX_SECRETS && list.every(isLong);
  },
  (value) => (typeof value === 'string' || Array.isArray(value) ? '[secret]' : kind(value)),
);

export function matching(meant: string, pattern: RegExp): Check {
  return must(meant, (value) => typeof value === 'string' && pattern.test(value), given);
}

/** Checks the name of a cookie: a token, by RFC 6265. */
export const cookieName: Check = matching(
  "the name of a cookie (letters, digits and !#$%&'*+-.^_`|~)",
  /^[\w!#$%&'*+.^`|~-]+$/,
);

/** Checks the name of a property of an app's choice. */
export const propertyName: Check = matching(
  'the name of a property, such as convertOutlet: letters, digits, _ and $, without a digit or _ in front',
  /^[A-Za-z$][\w$]*$/,
);

export const texts: Check = must(
  'a non-empty string or a list of them',
  (value) =>
    (typeof value === 'string' && value !== '') ||
    (Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string')),
  given,
);

/** Checks for a number from `min` to `max`, both included. */
export function between(min: number, max: number, unit: string): Check {
  return must(
    `a number of ${unit} from ${min} to ${max}`,
    (value) => typeof value === 'number' && value >= min && value <= max,
    given,
  );
}

export function oneOf(...values: readonly unknown[]): Check {
  return must(`one of ${values.map(given).join(', ')}`, (value) => values.includes(value), given);
}

/** Checks for an object with these methods. */
export function withMethods(meant: string, ...methods: string[]): Check {
  return must(
    meant,
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      methods.every((method) => typeof (value as Record<string, unknown>)[method] === 'function'),
    kind,
  );
}

/** Accepts a value if one of the checks accepts it. */
export function either(meant: string, ...checks: Check[]): Check {
  return must(meant, (value) => checks.some((check) => check(value, '').length === 0), given);
}

/**
 * Checks for an object with these options and no others. `required` names the options that must be given. An option
 * with the value `undefined` counts as absent. `hints` tells, by path, what to write instead of an unknown option.
 */
export function shape(
  options: Readonly<Record<string, Check>>,
  required: readonly string[] = [],
  hints: Readonly<Record<string, string>> = {},
): Check {
  const names = Object.keys(options);
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return [`option \`${path || 'options'}\` must be an object (given ${kind(value)})`];
    }
    const prefix = path === '' ? '' : `${path}.`;
    const wrong: string[] = [];
    for (const [name, each] of Object.entries(value)) {
      const check = Object.hasOwn(options, name) ? options[name] : undefined;
      const unknown = `${prefix}${name}`;
      if (!check && Object.hasOwn(hints, unknown)) {
        wrong.push(`unknown option \`${unknown}\` of the official SDK: ${hints[unknown]}`);
      } else if (!check) wrong.push(unknownOption(unknown, name, names, prefix));
      else if (each !== undefined) wrong.push(...check(each, `${prefix}${name}`));
    }
    for (const name of required) {
      if ((value as Record<string, unknown>)[name] === undefined)
        wrong.push(`option \`${prefix}${name}\` is missing`);
    }
    return wrong;
  };
}

/** Throws a ConvertError (`CONVERT_BAD_OPTION`) with all messages of the check, if there are any. */
export function assertOptions(check: Check, value: unknown): void {
  const wrong = check(value, '');
  if (wrong.length > 0) throw new ConvertError('CONVERT_BAD_OPTION', wrong.join('; '));
}

/** Writes a given value as a text that is short enough for a message. */
export function given(value: unknown): string {
  if (typeof value === 'string') return value.length > 40 ? `'${value.slice(0, 40)}...'` : `'${value}'`;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return kind(value);
}

function kind(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : typeof value === 'function' ? 'a function' : typeof value;
}

function unknownOption(path: string, name: string, known: readonly string[], prefix: string): string {
  const near = nearest(name, known);
  const hint =
    near !== undefined
      ? `did you mean \`${prefix}${near}\`?`
      : `known are ${known.map((each) => `\`${each}\``).join(', ')}`;
  return `unknown option \`${path}\`, ${hint}`;
}

/** Returns the known name that was probably meant; undefined if no known name is near enough to `name`. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const near = known
    .map((each) => ({ each, far: distance(name.toLowerCase(), each.toLowerCase()) }))
    .sort((a, b) => a.far - b.far)[0];
  return near && near.far <= Math.max(1, Math.floor(name.length / 3)) ? near.each : undefined;
}

/** Returns the Levenshtein distance of two texts. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
