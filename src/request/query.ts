/** One value out of a raw query string, without building an object of all of them. */
import { clip, percentDecoded } from './text.js';

/** The longest escape of one UTF-16 unit: three bytes of UTF-8. */
const ESCAPED_UNIT = '%EF%BF%BD'.length;

/**
 * The first value of parameter `name`, decoded as `URLSearchParams` does (`+` is a space; malformed escapes never
 * throw), and at most `max` characters of it. `undefined` if the parameter is absent, `''` if it is empty.
 */
export function queryValue(query: string, name: string, max: number): string | undefined {
  let equals = -1;
  for (let start = 0; start < query.length;) {
    let end = query.indexOf('&', start);
    if (end < 0) end = query.length;
    // Searched again only once it is behind us: otherwise a query of nothing but `&` would take quadratic time.
    if (equals < start) {
      equals = query.indexOf('=', start);
      if (equals < 0) equals = query.length;
    }
    const nameEnd = Math.min(equals, end);
    if (end > start && isNamed(query, start, nameEnd, name)) {
      return decodeValue(query.slice(nameEnd + 1, end), max);
    }
    start = end + 1;
  }
  return undefined;
}

function isNamed(query: string, start: number, end: number, name: string): boolean {
  if (end - start === name.length && query.startsWith(name, start)) return true;
  // An escaped name is longer than the name, and at most so much.
  if (end - start > name.length * ESCAPED_UNIT) return false;
  const raw = query.slice(start, end);
  return (raw.includes('%') || raw.includes('+')) && percentDecoded(raw.replaceAll('+', ' ')) === name;
}

function decodeValue(raw: string, max: number): string {
  // One unit more than can be returned, so that an escape that is cut here lies behind the end.
  const bounded = raw.slice(0, (max + 1) * ESCAPED_UNIT);
  return clip(percentDecoded(bounded.replaceAll('+', ' ')), max);
}
