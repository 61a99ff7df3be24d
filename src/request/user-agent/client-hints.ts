/**
 * Reads user agent client hints: headers in which Chromium describes browser and device
 * (https://wicg.github.io/ua-client-hints/). `Sec-CH-UA`, `-Mobile` and `-Platform` come with every request over
 * HTTPS, the others only if a response has asked for them. Hints are structured fields (RFC 8941); a malformed hint
 * counts as absent.
 */
import type { IncomingRequest } from '../../model/http.js';
import { clip } from '../text-decoding.js';

/** The headers that are read; `RawHints` has their values in this order. */
export const HINT_HEADERS = [
  'sec-ch-ua',
  'sec-ch-ua-mobile',
  'sec-ch-ua-platform',
  'sec-ch-ua-full-version-list',
  'sec-ch-ua-model',
  'sec-ch-ua-form-factors',
] as const;

/** The hints that a browser sends only if it is asked to, as `Accept-CH` names them. */
export const HINTS_TO_ASK_FOR: readonly string[] = [
  'Sec-CH-UA-Full-Version-List',
  'Sec-CH-UA-Model',
  'Sec-CH-UA-Form-Factors',
];

/** The values of the headers of one client, in the order of `HINT_HEADERS`. */
export type RawHints = readonly (string | undefined)[];

/** The length of the longest hint that counts. Browsers send 150 characters at most, and hints are kept in a cache. */
const MAX_LENGTH = 256;

/** Returns the hint at an index of `HINT_HEADERS`; undefined if it is absent, or longer than any browser sends. */
export function rawHint(headers: IncomingRequest['headers'], index: number): string | undefined {
  const value = headers[HINT_HEADERS[index]!];
  return typeof value === 'string' && value.length <= MAX_LENGTH ? value : undefined;
}

export interface Brand {
  readonly name: string;
  readonly version: string;
}

export interface ClientHints {
  /** The brands, without the invented one that every Chromium adds (GREASE). */
  readonly brands: readonly Brand[];
  /** The same brands with their full versions. */
  readonly fullVersions: readonly Brand[];
  /** True if the browser prefers pages for phones; undefined if it does not say. */
  readonly mobile: boolean | undefined;
  /** The system: `Windows`, `macOS`, `Linux`, `Chrome OS`, `Android` ... */
  readonly platform: string | undefined;
  /** The model of the device, such as `Pixel 9`; undefined for desktop browsers, which send ''. */
  readonly model: string | undefined;
  /** The forms of the device: some of `Desktop Automotive Mobile Tablet XR EInk Watch`. */
  readonly formFactors: readonly string[];
}

export const NO_HINTS: ClientHints = {
  brands: [],
  fullVersions: [],
  mobile: undefined,
  platform: undefined,
  model: undefined,
  formFactors: [],
};

export function parseHints([brands, mobile, platform, versions, model, factors]: RawHints): ClientHints {
  return {
    brands: brandsOf(brands),
    fullVersions: brandsOf(versions),
    mobile: mobile === '?1' ? true : mobile === '?0' ? false : undefined,
    platform: named(platform),
    model: named(model),
    formFactors: parseList(factors)?.map(({ name }) => name) ?? [],
  };
}

/**
 * The invented brand of every Chromium: `Not;A=Brand`, ` Not A;Brand`, `(Not(A:Brand`. Its punctuation changes with
 * each version.
 */
const GREASE = /^[^a-z]*not[^a-z]a[^a-z]brand$/i;

function brandsOf(header: string | undefined): readonly Brand[] {
  return parseList(header)?.filter(({ name }) => name !== '' && !GREASE.test(name)) ?? [];
}

/** Reads a hint that is one string; undefined for '' and `Unknown`, which browsers send if they know nothing. */
function named(header: string | undefined): string | undefined {
  const list = parseList(header);
  const name = list?.length === 1 ? clip(list[0]!.name, MAX_NAME).trim() : '';
  return name === '' || name.toLowerCase() === 'unknown' ? undefined : name;
}

const MAX_NAME = 64;
const QUOTED = String.raw`(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*`;
const PARAMETER = String.raw`;[ ]*[a-z*][a-z0-9_.*-]*(?:=(?:"${QUOTED}"|[\w.?:/*+-]+))?`;
/** Matches one string in a structured field with its parameters, and the comma or the end behind it. */
const MEMBER = new RegExp(String.raw`[ \t]*"(${QUOTED})"((?:${PARAMETER})*)[ \t]*(,|$)`, 'y');
const VERSION = /;[ ]*v="?([\w.]+)/;

/** Reads a list of strings, each with its parameter `v`; undefined if the header is anything else. */
function parseList(header: string | undefined): Brand[] | undefined {
  if (header === undefined) return undefined;
  const list: Brand[] = [];
  MEMBER.lastIndex = 0;
  for (;;) {
    const [, text, parameters, end] = MEMBER.exec(header) ?? [];
    if (text === undefined) return undefined;
    list.push({ name: text.replace(/\\(["\\])/g, '$1'), version: VERSION.exec(parameters ?? '')?.[1] ?? '' });
    if (end === '') return list;
  }
}
