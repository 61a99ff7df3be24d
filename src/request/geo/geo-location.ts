/** A visitor's place: what counts as known, and what several readers tell of it together. */
import type { IncomingRequest } from '../../model/http.js';
import { callbackThrew, checkedObject, type OnError } from '../../utils/app-callback.js';
import { clip } from '../text-decoding.js';
import { isCountry } from './countries.js';
import type { GeoFact, GeoFacts, GeoReader } from './types.js';

const NOWHERE: GeoFacts = Object.freeze({});

/** What the readers tell of a request. Never throws; what a reader did wrong goes to `onError`. */
export function locationOf(
  request: IncomingRequest,
  readers: readonly GeoReader[],
  onError: OnError,
): GeoFacts {
  const [first, second] = readers;
  if (first === undefined) return NOWHERE;
  if (second === undefined) return ask(first, request, onError);
  return new JoinedPlace(request, readers, onError);
}

function ask(reader: GeoReader, request: IncomingRequest, onError: OnError): GeoFacts {
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
 * Asks the next reader only where a fact is wanted that none before it knew: who asks for a country pays for no city.
 */
class JoinedPlace implements GeoFacts {
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
      this.#known = joined(this.#known, ask(reader, this.request, this.onError));
    }
    return this.#known[fact];
  }
}

/** What two towns of one country may differ in. */
const FINER: readonly GeoFact[] = ['region', 'city', 'timezone'];

/**
 * `known`, and what `next` adds without contradicting it. A city of another country, or of another region, would
 * make a place that is nowhere: so what is finer than a country is added to what is already as fine only where one
 * of it is the same, and none differs.
 */
function joined(known: GeoFacts, next: GeoFacts): GeoFacts {
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
 * What a reader returned, reduced to what is known. A country is one of ISO 3166-1 (not `XX`, `T1`, `ZZ`, `EU`,
 * `A1`); a region is written without the country, in upper case if it is a code.
 */
export function knownLocation(facts: { readonly [Fact in GeoFact]?: unknown }): GeoFacts {
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
 * The part behind the country, of ISO 3166-2 (`US-CA`) and of Unicode's CLDR (`USCA`, as Google's load balancers
 * write it).
 */
function regionOf(region: string | undefined, country: string | undefined): string | undefined {
  if (region === undefined || UNKNOWN_REGIONS.has(region)) return undefined;
  if (country !== undefined && SUBDIVISION.test(region) && !DOUBLETS.has(`${country}-${region}`)) {
    const code = region.toUpperCase().replace('-', '');
    if (code.startsWith(country)) return code.slice(2);
  }
  return REGION_CODE.test(region) ? region.toUpperCase() : region;
}

/** In one case throughout: `USCA` and `usca` are codes, `Iran` is a name. */
const SUBDIVISION = /^(?:[A-Z]{2}-?[A-Z0-9]{1,3}|[a-z]{2}-?[a-z0-9]{1,3})$/;
/** Subdivisions whose own codes look like the country's with a part of one letter. */
const DOUBLETS: ReadonlySet<string> = new Set(['CO-COR', 'GB-GBN', 'KZ-KZY']);
/** GeoIP's mark of old, and countries' marks that were handed on. */
const UNKNOWN_REGIONS: ReadonlySet<string> = new Set(['00', 'XX', 'ZZ']);

/**
 * Akamai and Fastly write `reserved` and `private` for addresses that are nowhere; scripts of proxies write the others.
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
// eslint-disable-next-line no-control-regex -- no place has one; the bytes of Latin-1 that are none of its letters are among them
const CONTROLS = /[\0-\x1f\x7f-\x9f]/;

/** What is left of a text that says something: not `?`, `-` or `**`. */
function text(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const trimmed = clip(value, MAX_TEXT).trim();
  if (!SAYS_SOMETHING.test(trimmed) || CONTROLS.test(trimmed)) return undefined;
  return MARKS.has(trimmed.toLowerCase()) ? undefined : trimmed;
}
