/** The visitor properties that a request tells. Their names are API: rules match them verbatim. */
import { isInEconomicArea, isInUnion } from '../countries.js';
import type { PropertyTable } from './properties.js';
import { preferredLanguage } from './language.js';
import { queryValue } from './query.js';
import type { SharedFacts } from './shared-facts.js';
import { clip } from './text.js';
import type { Device } from './user-agent.js';

/** The desktop, mobile and tablet properties are there always, the others where the request tells. */
export interface VisitorProperties {
  readonly country?: string;
  readonly region?: string;
  readonly city?: string;
  readonly continent?: string;
  readonly timezone?: string;
  /** The country is in the European Union; unknown where the country is. */
  readonly eu?: boolean;
  /** The country is in the European Economic Area; unknown where the country is. */
  readonly eea?: boolean;
  readonly device?: Device;
  /** With the vocabulary `convert`: the codes of Convert's reports, as `['ALLPH', 'IPH']`. */
  readonly devices?: readonly string[];
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
  /** The first value of the query parameter, decoded, at most 256 characters; likewise the four below. */
  readonly utm_source?: string;
  readonly utm_medium?: string;
  readonly utm_campaign?: string;
  readonly utm_term?: string;
  readonly utm_content?: string;
}

/**
 * How `browser` is written: `readable` (`chrome`), or `convert` (`CH`), as Convert's own projects write it; those
 * have `devices` as well.
 */
export type Vocabulary = 'readable' | 'convert';

const MAX_USER_AGENT = 512;
const MAX_UTM = 256;
const utm =
  (name: string) =>
  (facts: SharedFacts): string | undefined =>
    queryValue(facts.target.query, name, MAX_UTM);

const ofCountry =
  (isIn: (country: string) => boolean) =>
  ({ place: { country } }: SharedFacts): boolean | undefined =>
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
  desktop: (facts) => facts.userAgent.device === 'desktop',
  mobile: (facts) => facts.userAgent.device === 'mobile',
  tablet: (facts) => facts.userAgent.device === 'tablet',
  browser: (facts) => facts.userAgent.browser,
  browserVersion: (facts) => facts.userAgent.browserVersion,
  os: (facts) => facts.userAgent.os,
  userAgent: (facts) => clip(facts.userAgentHeader, MAX_USER_AGENT) || undefined,
  language: (facts) => preferredLanguage(facts.header('accept-language') ?? ''),
  visitorType: (facts) => (facts.requestVisitor.isNewVisitor ? 'new' : 'returning'),
  utm_source: utm('utm_source'),
  utm_medium: utm('utm_medium'),
  utm_campaign: utm('utm_campaign'),
  utm_term: utm('utm_term'),
  utm_content: utm('utm_content'),
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
