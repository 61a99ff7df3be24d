/** The visitor properties that a request tells. Their names are API: rules match them verbatim. */
import type { TrafficSource } from '../model/attribution.js';
import { isInEconomicArea, isInUnion } from './geo/countries.js';
import { preferredLanguage } from './language.js';
import type { PropertyTable } from './lazy-properties.js';
import { CLICK_IDS, type ClickId, UTM, type Utm } from './query-parameters.js';
import type { RequestFactsCache } from './request-facts.js';
import { clip } from './text-decoding.js';
import { MAX_URL } from './url.js';
import type { Device } from './user-agent/user-agent.js';

/** The first values of the query parameters of this request, decoded, at most 256 characters. */
type UtmProperties = { readonly [Name in Utm]?: string };
/**
 * Likewise, at most 512 characters. Who clicked is personal data: these are of this request alone, and kept nowhere.
 */
type ClickIdProperties = { readonly [Name in ClickId]?: string };

/**
 * The desktop, mobile and tablet properties are there always, and so is how the visitor got here; the others where the
 * request tells.
 */
export interface VisitorProperties extends UtmProperties, ClickIdProperties {
  readonly country?: string;
  readonly region?: string;
  readonly city?: string;
  readonly continent?: string;
  readonly timezone?: string;
  /** The country is in the European Union; unknown where the country is. */
  readonly eu?: boolean;
  /** The country is in the European Economic Area; unknown where the country is. */
  readonly eea?: boolean;
  /** `desktop mobile tablet other`, or `bot`, where bots are visitors. */
  readonly device?: Device;
  /** With the vocabulary `convert`: the codes of Convert's reports, as `['ALLPH', 'IPH']`. */
  readonly devices?: readonly string[];
  /** What the device is, or, of a bot, what it shows itself as; likewise the two below. */
  readonly desktop?: boolean;
  readonly mobile?: boolean;
  readonly tablet?: boolean;
  /** `chrome`, or `CH` with the vocabulary `convert`. */
  readonly browser?: string;
  /** `major` or `major.minor`, to be compared as a number: `120`, `17.4`. */
  readonly browserVersion?: string;
  readonly os?: string;
  /** The User-Agent header, at most 512 characters of it. */
  readonly userAgent?: string;
  /** What Accept-Language prefers: `en`, `en-US`. */
  readonly language?: string;
  readonly visitorType?: 'new' | 'returning';
  /** As in Convert's reports, and like the four below it what the first hit of the session said. */
  readonly source?: TrafficSource;
  /** `utm_campaign`, else ''; cut at 160 bytes of UTF-8. */
  readonly campaign?: string;
  /**
   * `utm_medium`; else `cpc google` with a `gclid`; else by the referrer `organic`, `ai tool` or `referral`; else
   * ''. At most 40 bytes.
   */
  readonly medium?: string;
  /** `utm_term`, else what a search engine's referrer says was searched for, else ''; at most 80 bytes. */
  readonly keyword?: string;
  /**
   * `utm_source`; else `google` with a `gclid`; else the host of the referrer, or its app; else ''. At most 80 bytes.
   */
  readonly sourceName?: string;
}

/**
 * How `browser` is written: `readable` (`chrome`), or `convert` (`CH`), as Convert's own projects write it; those
 * have `devices` as well.
 */
export type Vocabulary = 'readable' | 'convert';

const MAX_USER_AGENT = 512;

/** One property for each of these query parameters. */
function parameters<Name extends string>(
  names: readonly Name[],
): PropertyTable<{ readonly [Each in Name]?: string }> {
  const entries = names.map((name) => [name, (facts: RequestFactsCache) => facts.parameters.get(name)]);
  return Object.fromEntries(entries) as PropertyTable<{ readonly [Each in Name]?: string }>;
}

const ofCountry =
  (isIn: (country: string) => boolean) =>
  ({ place: { country } }: RequestFactsCache): boolean | undefined =>
    country === undefined ? undefined : isIn(country);

const READABLE: PropertyTable<Omit<VisitorProperties, 'devices'>> = {
  country: (facts) => facts.place.country,
  region: (facts) => facts.place.region,
  city: (facts) => facts.place.city,
  continent: (facts) => facts.place.continent,
  timezone: (facts) => facts.place.timezone,
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

/** Texts are cut at 8,192 characters. */
export interface LocationProperties {
  /** `protocol://host/path?query`, as the browser shows it, without a fragment. */
  readonly url?: string;
  /** As it was sent: percent escapes are not decoded. */
  readonly path?: string;
  /** Lower case, without the port. An IPv6 address keeps its brackets. */
  readonly hostname?: string;
  /** The Referer header; '' without one, as `document.referrer`. */
  readonly referrer?: string;
  /** The raw query string without its `?`; '' if there is none. */
  readonly query?: string;
  /** `http` or `https` */
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
