/** Reads single parameters from a raw query string, without decoding its other parameters. */
import { clip, percentDecoded } from './text-decoding.js';

/** The length of the longest escape of one UTF-16 unit: three bytes of UTF-8. */
const ESCAPED_UNIT = '%EF%BF%BD'.length;
/** The length of the longest name that callers ask for. Longer names in a query are skipped. */
const MAX_NAME = 64;
/** The most names with escapes that are decoded. An attacker may send a query of nothing but such names. */
const MAX_ESCAPED = 256;

/**
 * Returns the first value of the parameter `name`, decoded as `URLSearchParams` does (`+` is a space; malformed escapes
 * never throw), and at most `max` characters of it. `undefined` if the parameter is absent, `''` if it is empty. After
 * 256 parameters whose names have escapes, further such parameters are skipped.
 *
 * @param name consists of letters, digits and `_.~-` only
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
 * Returns the first value of each parameter in `wanted`, read as `queryValue` does. `wanted` maps the name of a
 * parameter to the number of characters at which its value is cut.
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
    // The next `=` is searched only if the last one that was found is before this parameter. Otherwise a query of
    // nothing but `&` would take quadratic time.
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

/** Decodes the escapes of ASCII characters in a name. Callers ask for ASCII names only. */
const nameDecoded = (raw: string): string =>
  raw.replace(/%[0-7][0-9a-f]/gi, (escape) => String.fromCharCode(parseInt(escape.slice(1), 16)));

function decodeValue(raw: string, max: number): string {
  // One unit more than the result may have is kept, so that an escape that is cut here is not part of the result.
  const bounded = raw.slice(0, (max + 1) * ESCAPED_UNIT);
  return clip(percentDecoded(bounded.replaceAll('+', ' ')), max);
}

/** Query parameters in the links of ads: each holds the id of the click at the network that sold it. */
export const CLICK_IDS = [
  // Click ids of Google Ads (`gbraid` and `wbraid` from apps on iOS) and Campaign Manager (`dclid`).
  ...(['gclid', 'gbraid', 'wbraid', 'dclid'] as const),
  // Click ids of Meta, Microsoft, TikTok, X and LinkedIn.
  ...(['fbclid', 'msclkid', 'ttclid', 'twclid', 'li_fat_id'] as const),
  // Click ids of Snapchat, Pinterest, Reddit and Yandex.
  ...(['ScCid', 'epik', 'rdt_cid', 'yclid'] as const),
] as const;

export type ClickId = (typeof CLICK_IDS)[number];

export const UTM = ['utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content'] as const;

export type Utm = (typeof UTM)[number];

const MAX_UTM = 256;

/** The number of characters at which a click id is cut. Click ids of Meta have some 200. */
const MAX_CLICK_ID = 512;

/** The parameters that become visitor properties, each with the number of characters at which its value is cut. */
export const PARAMETERS: ReadonlyMap<string, number> = new Map<string, number>([
  ...UTM.map((name) => [name, MAX_UTM] as const),
  ...CLICK_IDS.map((name) => [name, MAX_CLICK_ID] as const),
]);
