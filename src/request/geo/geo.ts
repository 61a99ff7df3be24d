/** The option `geo`: where the country, region and city of a visitor are read. */
import type { RequestFunction } from '../../utils/app-callback.js';
import { ConvertError } from '../../utils/errors.js';
import { ownProperties } from '../../utils/objects.js';
import { clip } from '../text-decoding.js';
import type { WarnOnce } from '../../utils/operator-log.js';
import { documentReader, headerReader } from './geo-headers.js';
import { GEO_PLATFORMS, type GeoPlatform } from './geo-platforms.js';
import { GEO_FACTS, type GeoFact, type GeoFacts, type GeoHeaders, type GeoReader } from './types.js';

export type { GeoPlatform } from './geo-platforms.js';
/**
 * The source of a visitor's place: the name of a platform, a map of headers that the site has chosen (`country` is
 * required), a function of the framework's request, or a reader such as `geoipLite()` or `maxmind(path)`. Default:
 * none, and every place is unknown. A platform has to be named, and is never guessed, since clients can forge its
 * headers if they reach the server directly.
 *
 * In a list, the first source that knows a fact tells it. The next source is asked only if a fact is needed that the
 * sources before it left out. Its answer counts only if it does not contradict the answers before it.
 */
export type GeoOption<Raw = unknown> = GeoSource<Raw> | readonly GeoSource<Raw>[];

export type GeoSource<Raw = unknown> =
  | GeoPlatform
  | (GeoHeaders & { readonly country: string })
  | RequestFunction<Raw, GeoFacts | undefined>
  | GeoReader;

const MEANT =
  `one of ${Object.keys(GEO_PLATFORMS).join(', ')}; a map of ${GEO_FACTS.join(', ')} to header names; ` +
  'a function of the request; a reader such as geoipLite(); or a list of these';

/**
 * Makes the readers for the option, in their order. `warnOnce` is called once for a platform whose headers do not come.
 *
 * @throws ConvertError `CONVERT_BAD_OPTION` for a value that is no `GeoOption`
 */
export function resolveGeo(option: GeoOption, warnOnce: WarnOnce): readonly GeoReader[] {
  const given: unknown = option;
  if (!Array.isArray(given)) return [resolveSource(given, 'geo', warnOnce)];
  if (given.length === 0) throw badOption(`geo: got an empty list; meant is ${MEANT}`);
  return given.map((each: unknown, index) => resolveSource(each, `geo[${index}]`, warnOnce));
}

function resolveSource(given: unknown, option: string, warnOnce: WarnOnce): GeoReader {
  if (typeof given === 'string') {
    if (!Object.hasOwn(GEO_PLATFORMS, given)) {
      throw badOption(`${option}: unknown platform ${JSON.stringify(clip(given, 64))}; meant is ${MEANT}`);
    }
    const platform = GEO_PLATFORMS[given as GeoPlatform];
    return 'parse' in platform
      ? documentReader(given, platform, warnOnce)
      : headerReader(given, platform, warnOnce);
  }
  if (typeof given === 'function') {
    const read = given as (request: unknown) => GeoFacts;
    return { name: 'function', needsRequest: true, read: (request) => read(request.raw) };
  }
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) {
    if ('read' in given) return checkedReader(given, option);
    return headerReader('headers', checkedHeaders(given, option), warnOnce);
  }
  const got = given === null ? 'null' : Array.isArray(given) ? 'a list' : typeof given;
  throw badOption(`${option}: got ${got}; meant is ${MEANT}`);
}

function checkedReader(given: object, option: string): GeoReader {
  const reader = given as { readonly [Name in keyof GeoReader]?: unknown };
  if (typeof reader.read !== 'function') throw badOption(`${option}.read: not a function; meant is ${MEANT}`);
  for (const name of ['load', 'close'] as const) {
    if (reader[name] !== undefined && typeof reader[name] !== 'function') {
      throw badOption(
        `${option}.${name}: got ${typeof reader[name]}; a reader has a function there, or nothing`,
      );
    }
  }
  return given as GeoReader;
}

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

function checkedHeaders(given: object, option: string): GeoHeaders {
  const headers = ownProperties<{ [Fact in GeoFact]?: string }>({});
  for (const [fact, header] of Object.entries(given) as [string, unknown][]) {
    if (!GEO_FACTS.includes(fact as GeoFact)) {
      throw badOption(`${option}: unknown fact ${JSON.stringify(clip(fact, 64))}; meant is ${MEANT}`);
    }
    if (header === undefined) continue;
    const name = typeof header === 'string' ? header.toLowerCase() : '';
    if (!HEADER_NAME.test(name)) {
      throw badOption(`${option}.${fact}: not the name of a header; meant is ${MEANT}`);
    }
    headers[fact as GeoFact] = name;
  }
  if (headers.country === undefined) throw badOption(`${option}: no header for country; meant is ${MEANT}`);
  return headers;
}

const badOption = (message: string): ConvertError =>
  new ConvertError('CONVERT_BAD_OPTION', `option ${message}`);

export type { GeoFacts } from './types.js';
