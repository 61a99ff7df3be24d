/** What the tests of places share. */
import { expect } from 'vitest';
import type { HeaderValue } from '../../../src/model/http.js';
import type { GeoOption } from '../../../src/request/geo/geo.js';
import type { GeoFacts } from '../../../src/request/geo/types.js';
import { facts } from '../incoming.js';

export const GEO = ['country', 'region', 'city', 'continent', 'timezone'] as const;

/** The geo properties that a request has with an option, and no error. */
export function place(geo: GeoOption, headers: Record<string, HeaderValue>): GeoFacts {
  const { visitor, errors } = facts({ headers }, { geo });
  const known = GEO.map((name) => [name, visitor.get(name)]).filter(([, value]) => value !== undefined);
  expect(errors).toEqual([]);
  return Object.fromEntries(known) as GeoFacts;
}
