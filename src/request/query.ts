/** Values out of a raw query string, without building an object of all of them. */
import { clip, percentDecoded } from './text.js';

/** The longest escape of one UTF-16 unit: three bytes of UTF-8. */
const ESCAPED_UNIT = '%EF%BF%BD'.length;

/**
 * The first value of parameter `name`, decoded as `URLSearchParams` does (`+` is a space; malformed escapes never
 * throw), and at most `max` characters of it. `undefined` if the parameter is absent, `''` if it is empty. Of parameters whose
 * names are written with escapes, the first 256 count.
 *
 * @param name letters, digits and `_.~-`: what an escape can stand for, and nothing else
 */
export function queryValue(query: string, name: string, max: number): string | undefined {
  const literal = placeOf(query, name);
  const escaped = escapedNames(query).find((each) => each.name === name)?.start ?? -1;
  const start = escaped === -1 || (literal !== -1 && literal < escaped) ? literal : escaped;
  if (start === -1) return undefined;
  const end = endOf(query, start);
  const equals = query.indexOf('=', start);
  return equals === -1 || equals >= end ? '' : decodeValue(query.slice(equals + 1, end), max);
}

const NONE: ReadonlyMap<string, string> = new Map();

/** The first values of those parameters that `wanted` names, each cut at so many characters; as `queryValue` has them. */
export function queryValues(query: string, wanted: ReadonlyMap<string, number>): ReadonlyMap<string, string> {
  if (query === '') return NONE;
  let values: Map<string, string> | undefined;
  for (const [name, max] of wanted) {
    const value = queryValue(query, name, max);
    if (value !== undefined) (values ??= new Map<string, string>()).set(name, value);
  }
  return values ?? NONE;
}

/** Where the first parameter begins whose name is written as it is; -1 where there is none. */
function placeOf(query: string, name: string): number {
  for (let at = query.indexOf(name); at !== -1; at = query.indexOf(name, at + 1)) {
    const isStart = at === 0 || query.charCodeAt(at - 1) === AMPERSAND;
    if (!isStart) continue;
    const after = query.charCodeAt(at + name.length);
    if (after === EQUALS || after === AMPERSAND || at + name.length === query.length) return at;
  }
  return -1;
}

const [AMPERSAND, EQUALS] = [0x26, 0x3d];

function endOf(query: string, start: number): number {
  const end = query.indexOf('&', start);
  return end === -1 ? query.length : end;
}

interface EscapedName {
  readonly name: string;
  readonly start: number;
}

const NO_NAMES: readonly EscapedName[] = [];
const MAX_ESCAPED = 256;
/** Of a name, with its escapes: those that are asked for are shorter. */
const MAX_NAME = 64 * ESCAPED_UNIT;
/** Nothing but ASCII comes of it; anything else is no name that is asked for. */
const ASCII = /^(?:[^%]|%[0-7][0-9a-f])*$/i;

/** All that is read of one query is read in a row. */
let lastQuery = '';
let lastNames = NO_NAMES;

/** In their order. Looked for once for all parameters: a query may be nothing but them. */
function escapedNames(query: string): readonly EscapedName[] {
  if (query === lastQuery) return lastNames;
  lastQuery = query;
  return (lastNames = query.includes('%') ? findEscapedNames(query) : NO_NAMES);
}

function findEscapedNames(query: string): readonly EscapedName[] {
  const names: EscapedName[] = [];
  // From escape to escape, so that what has none costs nothing.
  for (let percent = query.indexOf('%'); percent !== -1 && names.length < MAX_ESCAPED;) {
    const start = query.lastIndexOf('&', percent) + 1;
    const end = endOf(query, percent);
    const equals = query.indexOf('=', start);
    const nameEnd = equals === -1 || equals > end ? end : equals;
    if (percent < nameEnd) {
      const raw = query.slice(start, nameEnd);
      const isKnown = raw.length <= MAX_NAME && ASCII.test(raw);
      // Counts, too, where it is none: there is a limit to how many are looked at.
      names.push({ name: isKnown ? decodeURIComponent(raw) : '', start });
    }
    percent = query.indexOf('%', end);
  }
  return names;
}

function decodeValue(raw: string, max: number): string {
  // One unit more than can be returned, so that an escape that is cut here lies behind the end.
  const bounded = raw.slice(0, (max + 1) * ESCAPED_UNIT);
  return clip(percentDecoded(bounded.replaceAll('+', ' ')), max);
}
