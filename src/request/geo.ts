/** The `geo` option: where a visitor's place is read, and what counts as known. */
import { ConvertError } from '../errors.js';
import { headerText, type IncomingRequest, type RequestFunction } from '../exchange.js';
import {
  GEO_FACTS,
  GEO_PLATFORMS,
  type GeoDocument,
  type GeoFact,
  type GeoFacts,
  type GeoHeaders,
  type GeoPlatform,
} from './geo-platforms.js';
import { clip, percentDecoded, utf8Repaired } from './text.js';

export type { GeoFacts, GeoPlatform } from './geo-platforms.js';

/** Tells a visitor's place from a request. */
export interface GeoReader {
  /** Stands in messages. */
  readonly name: string;
  /** Makes it ready; until then `read` may know nothing. Called once, off the request path. May reject. */
  load?(): Promise<void>;
  /** Called at most once per request, and only if something asks. Unknown facts are left out. */
  read(request: IncomingRequest): GeoFacts;
}

/**
 * Default: none, and every place is unknown. Headers can be forged where the origin is reachable directly, so the
 * platform in front is named and never guessed: by its name, by the headers that the site chose (`country` first
 * of all), by a function of the framework's request, or by a reader such as `geoipLite()`.
 */
export type GeoOption<Raw = unknown> =
  | GeoPlatform
  | (GeoHeaders & { readonly country: string })
  | RequestFunction<Raw, GeoFacts | undefined>
  | GeoReader;

const MEANT =
  `one of ${Object.keys(GEO_PLATFORMS).join(', ')}; a map of ${GEO_FACTS.join(', ')} to header names; ` +
  'a function of the request; or a reader such as geoipLite()';

/** Throws CONVERT_BAD_OPTION for what is none of the above. */
export function resolveGeo(option: GeoOption): GeoReader {
  const given: unknown = option;
  if (typeof given === 'string') {
    if (!Object.hasOwn(GEO_PLATFORMS, given)) {
      throw badOption(`geo: unknown platform ${JSON.stringify(clip(given, 64))}; meant is ${MEANT}`);
    }
    const platform = GEO_PLATFORMS[given as GeoPlatform];
    return 'parse' in platform ? documentReader(given, platform) : headerReader(given, platform);
  }
  if (typeof given === 'function') {
    const read = given as (request: unknown) => GeoFacts;
    return { name: 'function', read: (request) => read(request.raw) };
  }
  if (typeof given === 'object' && given !== null) {
    if (typeof (given as Partial<GeoReader>).read === 'function') return given as GeoReader;
    return headerReader('headers', checkedHeaders(given));
  }
  throw badOption(`geo: got ${given === null ? 'null' : typeof given}; meant is ${MEANT}`);
}

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

function checkedHeaders(given: object): GeoHeaders {
  const headers: { [Fact in GeoFact]?: string } = {};
  for (const [fact, header] of Object.entries(given) as [string, unknown][]) {
    if (!GEO_FACTS.includes(fact as GeoFact)) {
      throw badOption(`geo: unknown fact ${JSON.stringify(clip(fact, 64))}; meant is ${MEANT}`);
    }
    if (header === undefined) continue;
    const name = typeof header === 'string' ? header.toLowerCase() : '';
    if (!HEADER_NAME.test(name)) throw badOption(`geo.${fact}: not the name of a header; meant is ${MEANT}`);
    headers[fact as GeoFact] = name;
  }
  if (headers.country === undefined) throw badOption(`geo: no header for country; meant is ${MEANT}`);
  return headers;
}

const badOption = (message: string): ConvertError => new ConvertError('CONVERT_BAD_OPTION', message);

/** No platform sends longer ones; what is cut off was not a place. */
const MAX_HEADER = 512;

function headerReader(name: string, headers: GeoHeaders): GeoReader {
  const entries = Object.entries(headers) as [GeoFact, string][];
  return {
    name,
    read(request) {
      const facts: { [Fact in GeoFact]?: string } = {};
      for (const [fact, header] of entries) {
        const text: unknown = headerText(request.headers[header]);
        // Vercel and CloudFront percent-encode what is not ASCII, others send UTF-8. No place has a `%` in its name.
        if (typeof text === 'string') facts[fact] = percentDecoded(utf8Repaired(clip(text, MAX_HEADER)));
      }
      return facts;
    },
  };
}

function documentReader(name: string, document: GeoDocument): GeoReader {
  return {
    name,
    read(request) {
      const text: unknown = headerText(request.headers[document.header]);
      if (typeof text !== 'string') return {};
      try {
        return document.parse(text) as GeoFacts;
      } catch {
        // Not what the platform sends, so it came from somewhere else: nothing is known.
        return {};
      }
    },
  };
}

const CONTINENTS: ReadonlySet<string> = new Set(['AF', 'AN', 'AS', 'EU', 'NA', 'OC', 'SA']);
const UNKNOWN_COUNTRIES: ReadonlySet<string> = new Set(['XX', 'ZZ']);
const COUNTRY = /^[A-Z]{2}$/;
const REGION_CODE = /^[a-z0-9]{1,3}$/i;
const TIMEZONE = /^[A-Za-z0-9_+\-/]+$/;
const MAX_TEXT = 128;

/** What a reader returned, reduced to what is known. Marks for "unknown" (`XX`, `T1`, `ZZ`, `?`) are left out. */
export function knownPlace(facts: { readonly [Fact in GeoFact]?: unknown }): GeoFacts {
  const country = text(facts.country)?.toUpperCase();
  const region = text(facts.region);
  const continent = text(facts.continent)?.toUpperCase();
  const timezone = text(facts.timezone);
  return {
    country: country && COUNTRY.test(country) && !UNKNOWN_COUNTRIES.has(country) ? country : undefined,
    region: region && REGION_CODE.test(region) ? region.toUpperCase() : region,
    city: text(facts.city),
    continent: continent && CONTINENTS.has(continent) ? continent : undefined,
    timezone: timezone && TIMEZONE.test(timezone) ? timezone : undefined,
  };
}

function text(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const trimmed = clip(value, MAX_TEXT).trim();
  return trimmed === '' || trimmed === '?' ? undefined : trimmed;
}
