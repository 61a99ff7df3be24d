/** Reads the location from a record of a MaxMind DB, whatever vendor it comes from. */
import type { GeoFact } from '../../request/geo/types.js';

type Path = readonly (string | number)[];

const paths = (...texts: string[]): readonly Path[] =>
  texts.map((text) => text.split('.').map((name) => (/^\d$/.test(name) ? Number(name) : name)));

/**
 * The paths of each fact in a record, the surest one first. Records of MaxMind (GeoIP2, GeoLite2: Country, City,
 * Enterprise), DB-IP and IP2Location are nested. Records of IPinfo are flat, or nested in `geo`; its older files have
 * the code in `country`, where other vendors have the name. Free files that are made from several sources are flat. The
 * country is the one where the address is, not the one that it is registered in.
 */
const FACT_PATHS: readonly (readonly [GeoFact, readonly Path[]])[] = [
  ['country', paths('country.iso_code', 'country_code', 'geo.country_code', 'country')],
  [
    'region',
    paths(
      'subdivisions.0.iso_code',
      'region_code',
      'geo.region_code',
      'subdivisions.0.names.en',
      'region',
      'geo.region',
      'state1',
    ),
  ],
  ['city', paths('city.names.en', 'city', 'geo.city')],
  ['continent', paths('continent.code', 'continent_code', 'geo.continent_code', 'continent')],
  ['timezone', paths('location.time_zone', 'timezone', 'geo.timezone', 'time_zone')],
];

/** Returns for each fact the first text that stands at one of its paths. The texts are not checked. */
export function locationOfRecord(record: object): { readonly [Fact in GeoFact]?: string } {
  const facts: { [Fact in GeoFact]?: string } = {};
  for (const [fact, candidates] of FACT_PATHS) {
    for (const path of candidates) {
      const value = at(record, path);
      if (typeof value !== 'string' || value === '') continue;
      facts[fact] = value;
      break;
    }
  }
  return facts;
}

function at(record: object, path: Path): unknown {
  let value: unknown = record;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string | number, unknown>)[name];
  }
  return value;
}
