/** What a run of a hundred thousand decisions has to meet. */
import type { Coverage } from './coverage.js';
import { OPERATORS } from './rules.js';

/** Group -> name -> at least so many. */
const DEMANDS: Record<string, Record<string, number>> = {
  reasons: {
    ...{ bucketed: 3000, sticky: 3000, forced: 500, 'not-found': 500, archived: 500, environment: 500 },
    ...{ location: 1000, audience: 1000, segment: 500, traffic: 1000, 'no-variations': 300 },
  },
  changes: { assigned: 3000, replaced: 300, properties: 50, locations: 300 },
  edges: {
    ...{ 'sticky to a stopped variation': 100, 'sticky behind a permanent audience': 100 },
    ...{ 'bucketed behind one audience': 100, 'behind a segment': 100, 'behind a location': 300 },
    ...{ 'bucketed behind all of several audiences': 10, 'bucketed behind any of several audiences': 20 },
    ...{
      'behind a site area': 100,
      'bucketed among numeric and textual ids': 500,
      'bucketed by a unicode id': 300,
      'bucketed at the edge of a share': 15,
    },
  },
  features: { enabled: 1000, disabled: 1000 },
  conversions: { tracked: 500, 'already-tracked': 50, 'goal-rules': 300, 'goal-not-found': 100 },
  segments: { added: 300, none: 300 },
  sdk: { 'an experience threw': 300, 'a rule error': 10, 'an assignment that is not found again': 100 },
};

const OPERATOR: Record<string, number> = {
  ...{ true: 100, false: 100 },
  ...{ string: 300, number: 100, boolean: 50, array: 50, object: 30, null: 5, undefined: 1 },
};

/** At least this share of the experiences that a project has gives a variation. */
const GIVEN = 0.3;

/** What is missing, a line each. */
export function gaps(coverage: Coverage): string[] {
  const missing: string[] = [];
  const demand = (group: string, demands: Record<string, number>): void => {
    for (const [name, least] of Object.entries(demands)) {
      const count = coverage.count(group, name);
      if (count < least) missing.push(`${group}: ${name} ${count}, wanted ${least}`);
    }
  };
  for (const [group, demands] of Object.entries(DEMANDS)) demand(group, demands);
  for (const operator of OPERATORS) demand(`operator ${operator}`, OPERATOR);
  const share = coverage.count('variations', 'given') / coverage.total('variations');
  if (!(share >= GIVEN)) missing.push(`variations: given in ${share.toFixed(2)} of all, wanted ${GIVEN}`);
  return missing;
}
