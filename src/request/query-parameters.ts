/** Values out of a raw query string, without building an object of all of them. */
import { clip, percentDecoded } from './text-decoding.js';

/** The longest escape of one UTF-16 unit: three bytes of UTF-8. */
const ESCAPED_UNIT = '%EF%BF%BD'.length;
/** Of a name that is asked for; longer ones are passed over. */
const MAX_NAME = 64;
/** Names with escapes that are looked at: a query may be nothing but them. */
const MAX_ESCAPED = 256;

/**
 * The first value of parameter `name`, decoded as `URLSearchParams` does (`+` is a space; malformed escapes never
 * throw), and at most `max` characters of it. `undefined` if the parameter is absent, `''` if it is empty. Of
 * parameters whose names are written with escapes, the first 256 count.
 *
 * @param name letters, digits and `_.~-`: what an escape can stand for, and nothing else
 */
export function queryValue(query: string, name: string, max: number): string | undefined {
  let value: string | undefined;
  eachParameter(query, (found, start, end) => {
    if (found !== name) return false;
    value = decodeValue(query.slice(start, end), max);
    return true;
  });
  return value;
}

const NONE: ReadonlyMap<string, string> = new Map();

/**
 * The first values of those parameters that `wanted` names, each cut at so many characters; as `queryValue` has them.
 */
export function queryValues(query: string, wanted: ReadonlyMap<string, number>): ReadonlyMap<string, string> {
  let values: Map<string, string> | undefined;
  eachParameter(query, (name, start, end) => {
    const max = wanted.get(name);
    if (max !== undefined && values?.has(name) !== true) {
      (values ??= new Map<string, string>()).set(name, decodeValue(query.slice(start, end), max));
    }
    return false;
  });
  return values ?? NONE;
}

/** Calls `visit` with the name of each parameter, and where its value is, until it says true. */
function eachParameter(
  query: string,
  visit: (name: string, valueStart: number, valueEnd: number) => boolean,
): void {
  let equals = -1;
  let escaped = 0;
  for (let start = 0; start < query.length;) {
    let end = query.indexOf('&', start);
    if (end < 0) end = query.length;
    // Searched again only once it is behind us: otherwise a query of nothing but `&` would take quadratic time.
    if (equals < start) {
      equals = query.indexOf('=', start);
      if (equals < 0) equals = query.length;
    }
    const nameEnd = Math.min(equals, end);
    if (nameEnd > start && nameEnd - start <= MAX_NAME * ESCAPED_UNIT) {
      const raw = query.slice(start, nameEnd);
      const isEscaped = raw.includes('%');
      if (isEscaped) escaped += 1;
      if (!isEscaped || escaped <= MAX_ESCAPED) {
        if (visit(isEscaped ? nameDecoded(raw) : raw, nameEnd + 1, end)) return;
      }
    }
    start = end + 1;
  }
}

/** Names that are asked for are ASCII. */
const nameDecoded = (raw: string): string =>
  raw.replace(/%[0-7][0-9a-f]/gi, (escape) => String.fromCharCode(parseInt(escape.slice(1), 16)));

function decodeValue(raw: string, max: number): string {
  // One unit more than can be returned, so that an escape that is cut here lies behind the end.
  const bounded = raw.slice(0, (max + 1) * ESCAPED_UNIT);
  return clip(percentDecoded(bounded.replaceAll('+', ' ')), max);
}

/** The query parameters that visitor properties are made of, by their names. */

/** Links of ads carry one of these: it names the click to the network that sold it. */
export const CLICK_IDS = [
  // Google Ads (the last two from apps on iOS), Campaign Manager
  ...(['gclid', 'gbraid', 'wbraid', 'dclid'] as const),
  // Meta, Microsoft, TikTok, X, LinkedIn
  ...(['fbclid', 'msclkid', 'ttclid', 'twclid', 'li_fat_id'] as const),
  // Snapchat, Pinterest, Reddit, Yandex
  ...(['ScCid', 'epik', 'rdt_cid', 'yclid'] as const),
] as const;

export type ClickId = (typeof CLICK_IDS)[number];

export const UTM = ['utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content'] as const;

export type Utm = (typeof UTM)[number];

const MAX_UTM = 256;

/** Those of Meta have some 200 characters. */
const MAX_CLICK_ID = 512;

/** Each with the number of characters that are looked at. */
export const PARAMETERS: ReadonlyMap<string, number> = new Map<string, number>([
  ...UTM.map((name) => [name, MAX_UTM] as const),
  ...CLICK_IDS.map((name) => [name, MAX_CLICK_ID] as const),
]);
