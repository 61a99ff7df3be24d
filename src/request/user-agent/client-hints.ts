/**
 * User agent client hints: what Chromium says of itself in headers of their own
 * (https://wicg.github.io/ua-client-hints/). `Sec-CH-UA`, `-Mobile` and `-Platform` come with every request over
 * HTTPS, the others where a response has asked for them. They are structured fields (RFC 8941); one that is
 * malformed is as good as none.
 */
import type { IncomingRequest } from '../../model/http.js';
import { clip } from '../text-decoding.js';

/** The headers that are read. */
export const HINT_HEADERS = [
  'sec-ch-ua',
  'sec-ch-ua-mobile',
  'sec-ch-ua-platform',
  'sec-ch-ua-full-version-list',
  'sec-ch-ua-model',
  'sec-ch-ua-form-factors',
] as const;

/** Those that a browser sends only when it is asked to, as `Accept-CH` names them. */
export const HINTS_TO_ASK_FOR: readonly string[] = [
  'Sec-CH-UA-Full-Version-List',
  'Sec-CH-UA-Model',
  'Sec-CH-UA-Form-Factors',
];

/** What they say of one client, by their place in `HINT_HEADERS`. */
export type RawHints = readonly (string | undefined)[];

/** Browsers send 150 characters at most. Also a bound for what is kept of strangers. */
const MAX_LENGTH = 256;

/** The hint at a place of `HINT_HEADERS`; undefined also for one that is longer than any browser's. */
export function rawHint(headers: IncomingRequest['headers'], place: number): string | undefined {
  const value = headers[HINT_HEADERS[place]!];
  return typeof value === 'string' && value.length <= MAX_LENGTH ? value : undefined;
}

export interface Brand {
  readonly name: string;
  readonly version: string;
}

export interface ClientHints {
  /** Without those that are made up to keep servers honest (GREASE). */
  readonly brands: readonly Brand[];
  /** Of the same brands, to the build. */
  readonly fullVersions: readonly Brand[];
  /** Whether the browser prefers pages for phones. */
  readonly mobile: boolean | undefined;
  /** `Windows`, `macOS`, `Linux`, `Chrome OS`, `Android` ... */
  readonly platform: string | undefined;
  /** `Pixel 9`, `SM-X910`; browsers on a desk say ''. */
  readonly model: string | undefined;
  /** Some of `Desktop Automotive Mobile Tablet XR EInk Watch`. */
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
    formFactors: listOf(factors)?.map(({ name }) => name) ?? [],
  };
}

/** `Not;A=Brand`, ` Not A;Brand`, `(Not(A:Brand`: the punctuation and the place change with each version. */
const GREASE = /^[^a-z]*not[^a-z]a[^a-z]brand$/i;

function brandsOf(header: string | undefined): readonly Brand[] {
  return listOf(header)?.filter(({ name }) => name !== '' && !GREASE.test(name)) ?? [];
}

/** A lone string. Where there is none to tell, browsers say '' or `Unknown`. */
function named(header: string | undefined): string | undefined {
  const list = listOf(header);
  const name = list?.length === 1 ? clip(list[0]!.name, MAX_NAME).trim() : '';
  return name === '' || name.toLowerCase() === 'unknown' ? undefined : name;
}

const MAX_NAME = 64;
/** A string with parameters, and what follows it: the comma, or the end. */
const MEMBER =
  /[ \t]*"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"((?:;[ ]*[a-z*][a-z0-9_.*-]*(?:=(?:"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"|[\w.?:/*+-]+))?)*)[ \t]*(,|$)/y;
const VERSION = /;[ ]*v="?([\w.]+)/;

/** A list of strings, each with its parameter `v`; undefined where it is anything else. */
function listOf(header: string | undefined): Brand[] | undefined {
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
