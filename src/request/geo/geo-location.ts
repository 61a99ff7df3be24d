/** Finds the place of a visitor: asks the geo readers, drops values that mean "unknown", and merges their answers. */
import type { IncomingRequest } from '../../model/http.js';
import { callbackThrew, checkedObject, type OnError } from '../../utils/app-callback.js';
import { asObject } from '../../utils/objects.js';
import { clip } from '../text-decoding.js';
import { isCountry } from './countries.js';
import type { GeoFact, GeoFacts, GeoReader } from './types.js';

const NOWHERE: GeoFacts = Object.freeze({});

/** Returns the place that the readers find for a request. Never throws; errors of a reader go to `onError`. */
export function locationOf(
  request: IncomingRequest,
  readers: readonly GeoReader[],
  onError: OnError,
): GeoFacts {
  const [first, second] = readers;
  if (first === undefined) return NOWHERE;
  if (second === undefined) return readSafely(first, request, onError);
  return new MergedLocation(request, readers, onError);
}

function readSafely(reader: GeoReader, request: IncomingRequest, onError: OnError): GeoFacts {
  try {
    const answer: unknown = reader.read(request);
    if (answer == null) return NOWHERE;
    return knownLocation(checkedObject(`geo (${reader.name})`, answer, onError) ?? NOWHERE);
  } catch (error) {
    onError(callbackThrew(`geo (${reader.name})`, error));
    return NOWHERE;
  }
}

/**
 * The answers of several readers as one. If a fact is read that is not known yet, the next reader is asked, so that
 * reading a country does not cost the look-up of a city.
 */
class MergedLocation implements GeoFacts {
  #known: GeoFacts = NOWHERE;
  #asked = 0;

  constructor(
    private readonly request: IncomingRequest,
    private readonly readers: readonly GeoReader[],
    private readonly onError: OnError,
  ) {}

  get country(): string | undefined {
    return this.#fact('country');
  }

  get region(): string | undefined {
    return this.#fact('region');
  }

  get city(): string | undefined {
    return this.#fact('city');
  }

  get continent(): string | undefined {
    return this.#fact('continent');
  }

  get timezone(): string | undefined {
    return this.#fact('timezone');
  }

  #fact(fact: GeoFact): string | undefined {
    while (this.#known[fact] === undefined) {
      const reader = this.readers[this.#asked++];
      if (reader === undefined) return undefined;
      this.#known = mergeFacts(this.#known, readSafely(reader, this.request, this.onError));
    }
    return this.#known[fact];
  }
}

/** The facts in which two towns of one country may differ. */
const FINER: readonly GeoFact[] = ['region', 'city', 'timezone'];

/**
 * Adds to `known` the facts of `next` that do not contradict it. Two sources may mean different towns, and the region
 * of one town with the city of the other would be a place that does not exist. So if `known` has facts that are finer
 * than a country, finer facts of `next` are added only if both agree on one finer fact and differ in none.
 */
function mergeFacts(known: GeoFacts, next: GeoFacts): GeoFacts {
  const both = (fact: GeoFact): boolean => known[fact] !== undefined && next[fact] !== undefined;
  const differ = (fact: GeoFact): boolean =>
    both(fact) && known[fact]?.toLowerCase() !== next[fact]?.toLowerCase();
  if (differ('country')) return known;
  const elsewhere = FINER.some(differ);
  if (!both('country') && (elsewhere || differ('continent'))) return known;
  const isFine = FINER.some((fact) => known[fact] !== undefined);
  const { region, city, timezone } = isFine && (elsewhere || !FINER.some(both)) ? NOWHERE : next;
  return {
    country: known.country ?? next.country,
    region: known.region ?? region,
    city: known.city ?? city,
    continent: known.continent ?? next.continent,
    timezone: known.timezone ?? timezone,
  };
}

const CONTINENTS: ReadonlySet<string> = new Set(['AF', 'AN', 'AS', 'EU', 'NA', 'OC', 'SA']);
const REGION_CODE = /^[a-z0-9]{1,3}$/i;
const TIMEZONE = /^[A-Za-z0-9_+\-/]+$/;
const MAX_TEXT = 128;

/**
 * Drops the values of a reader that mean "unknown". A country is one of ISO 3166-1 (not `XX`, `T1`, `ZZ`, `EU`,
 * `A1`); a region is written without the country, in upper case if it is a code.
 */
export function knownLocation(answer: { readonly [Fact in GeoFact]?: unknown }): GeoFacts {
  const facts = asObject(answer);
  const country = text(facts.country)?.toUpperCase();
  const continent = text(facts.continent)?.toUpperCase();
  const timezone = text(facts.timezone);
  const isKnown = country !== undefined && isCountry(country);
  return {
    country: isKnown ? country : undefined,
    region: regionOf(text(facts.region), isKnown ? country : undefined),
    city: text(facts.city),
    continent: continent !== undefined && CONTINENTS.has(continent) ? continent : undefined,
    timezone: timezone !== undefined && TIMEZONE.test(timezone) ? timezone : undefined,
  };
}

/**
 * Removes the country from the code of a region: `CA` of `US-CA` (ISO 3166-2) and of `USCA` (Unicode's CLDR, as
 * Google's load balancers write it).
 */
function regionOf(region: string | undefined, country: string | undefined): string | undefined {
  if (region === undefined || UNKNOWN_REGIONS.has(region)) return undefined;
  if (country !== undefined && SUBDIVISION.test(region) && !DOUBLETS.has(`${country}-${region}`)) {
    const code = region.toUpperCase().replace('-', '');
    if (code.startsWith(country)) return code.slice(2);
  }
  return REGION_CODE.test(region) ? region.toUpperCase() : region;
}

/** A code with its country is all in upper case or all in lower case: `USCA` and `usca` are codes, `Iran` is a name. */
const SUBDIVISION = /^(?:[A-Z]{2}-?[A-Z0-9]{1,3}|[a-z]{2}-?[a-z0-9]{1,3})$/;
/** Regions whose own code begins with the code of their country: `COR` in Colombia is not `CO` and `R`. */
const DOUBLETS: ReadonlySet<string> = new Set(['CO-COR', 'GB-GBN', 'KZ-KZY']);
/**
 * Values for an unknown region: `00` of the old GeoIP, and `XX` and `ZZ`, which some sources write if the country is
 * unknown.
 */
const UNKNOWN_REGIONS: ReadonlySet<string> = new Set(['00', 'XX', 'ZZ']);

/**
 * Texts that mean "unknown". Akamai and Fastly write `reserved` and `private` for addresses that belong to no place;
 * scripts of proxies write the other texts.
 */
const MARKS: ReadonlySet<string> = new Set([
  'unknown',
  'reserved',
  'private',
  'no region',
  'undefined',
  'null',
  'n/a',
]);
const SAYS_SOMETHING = /[A-Za-z0-9]|[\p{L}\p{N}]/u;
// eslint-disable-next-line no-control-regex -- no name of a place has a control character
const CONTROLS = /[\0-\x1f\x7f-\x9f]/;

/** Trims a text; undefined if it has no letter or digit (`?`, `-`, `**`) or means "unknown". */
function text(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const trimmed = clip(value, MAX_TEXT).trim();
  if (!SAYS_SOMETHING.test(trimmed) || CONTROLS.test(trimmed)) return undefined;
  return MARKS.has(trimmed.toLowerCase()) ? undefined : trimmed;
}
