/** The visitor and location properties that a request has by default. Rules match their names, so names are API. */
import type { TrafficSource } from '../model/attribution.js';
import { isInEconomicArea, isInUnion } from './geo/countries.js';
import { preferredLanguage } from './language.js';
import type { PropertyTable } from './lazy-properties.js';
import { CLICK_IDS, type ClickId, UTM, type Utm } from './query-parameters.js';
import type { RequestFactsCache } from './request-facts.js';
import { clip } from './text-decoding.js';
import { MAX_URL } from './url.js';
import type { Device } from './user-agent/user-agent.js';

/** The `utm_` parameters of this request: of each its first value, decoded, at most 256 characters. */
type UtmProperties = { readonly [Name in Utm]?: string };
/**
 * The ids of ad clicks in the query of this request, at most 512 characters each. They are personal data, so they are
 * not stored.
 */
type ClickIdProperties = { readonly [Name in ClickId]?: string };

/**
 * Properties of the visitor. `desktop`, `mobile`, `tablet`, `source`, `campaign`, `medium`, `keyword` and `sourceName`
 * are always there, the others only if the request tells them.
 */
export interface VisitorProperties extends UtmProperties, ClickIdProperties {
  readonly country?: string;
  readonly region?: string;
  readonly city?: string;
  readonly continent?: string;
  readonly timezone?: string;
  /** True if the country is in the European Union; undefined if the country is unknown. */
  readonly eu?: boolean;
  /** True if the country is in the European Economic Area; undefined if the country is unknown. */
  readonly eea?: boolean;
  /** The kind of device: `desktop mobile tablet other`, or `bot` (with the option `bots: 'include'`). */
  readonly device?: Device;
  /** The codes of the device in Convert's reports, such as `['ALLPH', 'IPH']`; only with the vocabulary `convert`. */
  readonly devices?: readonly string[];
  /**
   * True if the device is a desktop computer; for a bot, if it pretends to be on one. `mobile` and `tablet` are alike.
   */
  readonly desktop?: boolean;
  readonly mobile?: boolean;
  readonly tablet?: boolean;
  /** The browser: `chrome`, or `CH` with the vocabulary `convert`. */
  readonly browser?: string;
  /** The version of the browser: `major` or `major.minor`, to be compared as a number (`120`, `17.4`). */
  readonly browserVersion?: string;
  readonly os?: string;
  /** The User-Agent header, at most 512 characters of it. */
  readonly userAgent?: string;
  /** The preferred language in Accept-Language: `en`, `en-US`. */
  readonly language?: string;
  readonly visitorType?: 'new' | 'returning';
  /**
   * The traffic source, as in Convert's reports. The first request of a session decides it, and the next four
   * properties.
   */
  readonly source?: TrafficSource;
  /** The campaign: `utm_campaign`, else ''; cut at 160 bytes of UTF-8. */
  readonly campaign?: string;
  /**
   * The medium: `utm_medium`; else `cpc google` if there is a `gclid`; else `organic`, `ai tool` or `referral`, by the
   * referrer; else ''. At most 40 bytes.
   */
  readonly medium?: string;
  /** The keyword: `utm_term`, else the search words in the referrer of a search engine, else ''; at most 80 bytes. */
  readonly keyword?: string;
  /**
   * The name of the source: `utm_source`; else `google` if there is a `gclid`; else the host or the app of the
   * referrer; else ''. At most 80 bytes.
   */
  readonly sourceName?: string;
}

/**
 * How `browser` is written: `readable` (`chrome`), or `convert` (`CH`), as in Convert's own web projects. With
 * `convert` there is the property `devices` as well.
 */
export type Vocabulary = 'readable' | 'convert';

const MAX_USER_AGENT = 512;

/** Makes a table with one property for each of these query parameters. */
function parameters<Name extends string>(
  names: readonly Name[],
): PropertyTable<{ readonly [Each in Name]?: string }> {
  const entries = names.map((name) => [name, (facts: RequestFactsCache) => facts.parameters.get(name)]);
  return Object.fromEntries(entries) as PropertyTable<{ readonly [Each in Name]?: string }>;
}

const ofCountry =
  (isIn: (country: string) => boolean) =>
  ({ geoLocation: { country } }: RequestFactsCache): boolean | undefined =>
    country === undefined ? undefined : isIn(country);

const READABLE: PropertyTable<Omit<VisitorProperties, 'devices'>> = {
  country: (facts) => facts.geoLocation.country,
  region: (facts) => facts.geoLocation.region,
  city: (facts) => facts.geoLocation.city,
  continent: (facts) => facts.geoLocation.continent,
  timezone: (facts) => facts.geoLocation.timezone,
  eu: ofCountry(isInUnion),
  eea: ofCountry(isInEconomicArea),
  device: (facts) => facts.userAgent.device,
  desktop: (facts) => facts.userAgent.form === 'desktop',
  mobile: (facts) => facts.userAgent.form === 'mobile',
  tablet: (facts) => facts.userAgent.form === 'tablet',
  browser: (facts) => facts.userAgent.browser,
  browserVersion: (facts) => facts.userAgent.browserVersion,
  os: (facts) => facts.userAgent.os,
  userAgent: (facts) => clip(facts.userAgentHeader, MAX_USER_AGENT) || undefined,
  language: (facts) => preferredLanguage(facts.header('accept-language') ?? ''),
  visitorType: (facts) => facts.visitorType,
  ...parameters(UTM),
  source: (facts) => facts.attribution.source,
  campaign: (facts) => facts.attribution.campaign,
  medium: (facts) => facts.attribution.medium,
  keyword: (facts) => facts.attribution.keyword,
  sourceName: (facts) => facts.attribution.sourceName,
  ...parameters(CLICK_IDS),
};

const CONVERT: PropertyTable<VisitorProperties> = {
  ...READABLE,
  browser: (facts) => facts.userAgent.browserCode,
  devices: (facts) => facts.userAgent.deviceCodes,
};

export const VISITOR_PROPERTIES: Readonly<Record<Vocabulary, PropertyTable<object>>> = {
  readable: READABLE,
  convert: CONVERT,
};

/** Properties of the page. Texts are cut at 8,192 characters. */
export interface LocationProperties {
  /** The URL of the page, `protocol://host/path?query`, as the browser shows it, without a fragment. */
  readonly url?: string;
  /** The path as it was sent: percent escapes are not decoded. */
  readonly path?: string;
  /** The host in lower case, without the port. An IPv6 address keeps its brackets. */
  readonly hostname?: string;
  /** The Referer header; '' if there is none, as for `document.referrer`. */
  readonly referrer?: string;
  /** The raw query string without its `?`; '' if there is none. */
  readonly query?: string;
  /** The protocol: `http` or `https`. */
  readonly protocol?: string;
}

export const LOCATION_PROPERTIES: PropertyTable<LocationProperties> = {
  url: ({ protocol, hostname, host, target }) =>
    protocol === undefined || hostname === undefined
      ? undefined
      : clip(`${protocol}://${host.toLowerCase()}${target.text}`, MAX_URL),
  path: (facts) => facts.target.path,
  hostname: (facts) => facts.hostname,
  referrer: (facts) => facts.referrer,
  query: (facts) => facts.target.query,
  protocol: (facts) => facts.protocol,
};
