/** Reads single parameters from a raw query string, without decoding the others. */
import { clip, percentDecoded } from './text-decoding.js';

/** The longest escape of one UTF-16 unit: three bytes of UTF-8. */
const ESCAPED_UNIT = '%EF%BF%BD'.length;
/** Characters of the longest name that can be asked for; longer names in a query are skipped. */
const MAX_NAME = 64;
/** The number of names with escapes that are decoded: an attacker may send a query of nothing else. */
const MAX_ESCAPED = 256;

/**
 * The first value of parameter `name`, decoded as `URLSearchParams` does (`+` is a space; malformed escapes never
 * throw), and at most `max` characters of it. `undefined` if the parameter is absent, `''` if it is empty. After 256
 * parameters whose names have escapes, further such parameters are skipped.
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
 * The first values, as `queryValue` reads them, of the parameters in `wanted`. The values of `wanted` are the numbers
 * of characters at which they are cut.
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

/** Calls `visit` with the name of each parameter, and with start and end of its value, until `visit` returns true. */
function eachParameter(
  query: string,
  visit: (name: string, valueStart: number, valueEnd: number) => boolean,
): void {
  let equals = -1;
  let escaped = 0;
  for (let start = 0; start < query.length;) {
    let end = query.indexOf('&', start);
    if (end < 0) end = query.length;
    // The search goes on only when the last `=` is behind us: else a query of nothing but `&` takes quadratic time.
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

/** Decodes the ASCII escapes of a name: names that are asked for are ASCII. */
const nameDecoded = (raw: string): string =>
  raw.replace(/%[0-7][0-9a-f]/gi, (escape) => String.fromCharCode(parseInt(escape.slice(1), 16)));

function decodeValue(raw: string, max: number): string {
  // One unit more than can be returned is kept, so that an escape that is cut here is not part of the result.
  const bounded = raw.slice(0, (max + 1) * ESCAPED_UNIT);
  return clip(percentDecoded(bounded.replaceAll('+', ' ')), max);
}

/** Query parameters in the links of ads: each holds the id of the click at the network that sold it. */
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

/** Characters of a click id that are looked at; Meta's have some 200. */
const MAX_CLICK_ID = 512;

/** The parameters that become visitor properties, each with the number of characters that are looked at. */
export const PARAMETERS: ReadonlyMap<string, number> = new Map<string, number>([
  ...UTM.map((name) => [name, MAX_UTM] as const),
  ...CLICK_IDS.map((name) => [name, MAX_CLICK_ID] as const),
]);
