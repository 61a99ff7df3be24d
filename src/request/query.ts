/** Values out of a raw query string, without building an object of all of them. */
import { clip, percentDecoded } from './text.js';

/** The longest escape of one UTF-16 unit: three bytes of UTF-8. */
const ESCAPED_UNIT = '%EF%BF%BD'.length;

/**
 * The first value of parameter `name`, decoded as `URLSearchParams` does (`+` is a space; malformed escapes never
 * throw), and at most `max` characters of it. `undefined` if the parameter is absent, `''` if it is empty.
 */
export function queryValue(query: string, name: string, max: number): string | undefined {
  let value: string | undefined;
  eachParameter(query, (start, nameEnd, end) => {
    if (!isNamed(query, start, nameEnd, name)) return false;
    value = decodeValue(query.slice(nameEnd + 1, end), max);
    return true;
  });
  return value;
}

/** Longer than any that is wanted. */
const MAX_NAME = 16;
const NONE: ReadonlyMap<string, string> = new Map();

/** The first values of those parameters that `wanted` names, each cut at so many characters; as `queryValue` has them. */
export function queryValues(query: string, wanted: ReadonlyMap<string, number>): ReadonlyMap<string, string> {
  if (query === '') return NONE;
  let values: Map<string, string> | undefined;
  eachParameter(query, (start, nameEnd, end) => {
    if (nameEnd - start > MAX_NAME * ESCAPED_UNIT) return false;
    const raw = query.slice(start, nameEnd);
    const name = isEscaped(raw) ? unescaped(raw) : raw;
    const max = wanted.get(name);
    if (max !== undefined && values?.has(name) !== true) {
      (values ??= new Map<string, string>()).set(name, decodeValue(query.slice(nameEnd + 1, end), max));
    }
    return false;
  });
  return values ?? NONE;
}

/** Calls `visit` with the places of each parameter that has a name or a value, until it says true. */
function eachParameter(query: string, visit: (start: number, nameEnd: number, end: number) => boolean): void {
  let equals = -1;
  for (let start = 0; start < query.length;) {
    let end = query.indexOf('&', start);
    if (end < 0) end = query.length;
    // Searched again only once it is behind us: otherwise a query of nothing but `&` would take quadratic time.
    if (equals < start) {
      equals = query.indexOf('=', start);
      if (equals < 0) equals = query.length;
    }
    if (end > start && visit(start, Math.min(equals, end), end)) return;
    start = end + 1;
  }
}

function isNamed(query: string, start: number, end: number, name: string): boolean {
  if (end - start === name.length && query.startsWith(name, start)) return true;
  // An escaped name is longer than the name, and at most so much.
  if (end - start > name.length * ESCAPED_UNIT) return false;
  const raw = query.slice(start, end);
  return isEscaped(raw) && unescaped(raw) === name;
}

function isEscaped(raw: string): boolean {
  return raw.includes('%') || raw.includes('+');
}

function unescaped(raw: string): string {
  return percentDecoded(raw.replaceAll('+', ' '));
}

function decodeValue(raw: string, max: number): string {
  // One unit more than can be returned, so that an escape that is cut here lies behind the end.
  return clip(unescaped(raw.slice(0, (max + 1) * ESCAPED_UNIT)), max);
}
