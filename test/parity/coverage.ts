/** What the cases of a run have met, so that generators can't rot unseen. */
import type { Decision, EngineVisitor } from '../../src/engine/types.js';
import type { ExperienceConfig, ProjectConfig } from '../../src/model/project-config.js';

export class Coverage {
  readonly #counts = new Map<string, Map<string, number>>();

  add(group: string, name: string, count = 1): void {
    let names = this.#counts.get(group);
    if (names === undefined) this.#counts.set(group, (names = new Map<string, number>()));
    names.set(name, (names.get(name) ?? 0) + count);
  }

  /** An operator, the type of the value that it compared, and the outcome. */
  addComparison(operator: string, type: string, outcome: unknown): void {
    this.add(`operator ${operator}`, String(outcome === true || outcome === false ? outcome : 'other'));
    this.add(`operator ${operator}`, type);
  }

  count(group: string, name: string): number {
    return this.#counts.get(group)?.get(name) ?? 0;
  }

  total(group: string): number {
    return [...(this.#counts.get(group)?.values() ?? [])].reduce((sum, count) => sum + count, 0);
  }

  table(): string {
    const lines: string[] = [];
    for (const [group, names] of [...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const cells = [...names]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, count]) => `${name} ${count}`);
      lines.push(`${group}: ${cells.join(', ')}`);
    }
    return lines.join('\n');
  }
}

/** Counts what became of experiences, and by which edges they came. */
export function countDecisions(
  coverage: Coverage,
  decisions: readonly Decision[],
  visitor: EngineVisitor,
  config: ProjectConfig,
): void {
  for (const decision of decisions) {
    const { reason, variation, change, experienceKey } = decision;
    coverage.add('reasons', reason);
    if (reason !== 'not-found') coverage.add('variations', variation === null ? 'none' : 'given');
    for (const claim of Object.values(change?.claims ?? {})) {
      coverage.add('changes', claim.replaces === undefined ? 'assigned' : 'replaced');
    }
    if (change?.segments) coverage.add('changes', 'properties');
    if (change?.locations) coverage.add('changes', 'locations');
    const experience = config.experiences?.find(({ key }) => key === experienceKey);
    if (experience !== undefined && variation !== null) {
      for (const edge of edgesOf(experience, decision, visitor, config)) coverage.add('edges', edge);
    }
  }
}

function edgesOf(
  { audiences, locations, site_area, settings, variations }: ExperienceConfig,
  { reason, variation }: Decision,
  { id }: EngineVisitor,
  config: ProjectConfig,
): string[] {
  const named = config.audiences?.filter((each) => audiences?.includes(each.id)) ?? [];
  const options = settings?.matching_options?.audiences;
  const edges: Record<string, boolean | undefined> = {
    'sticky to a stopped variation': reason === 'sticky' && variation?.status === 'stopped',
    'sticky behind a permanent audience':
      reason === 'sticky' && named.some(({ type }) => type === 'permanent'),
    'bucketed behind one audience': reason === 'bucketed' && named.length === 1,
    'bucketed behind all of several audiences':
      reason === 'bucketed' && named.length > 1 && options === 'all',
    'bucketed behind any of several audiences':
      reason === 'bucketed' && named.length > 1 && options === 'any',
    'behind a segment': config.segments?.some((each) => audiences?.includes(each.id)),
    'behind a location': Boolean(locations?.length),
    'behind a site area': Boolean(site_area) && !locations?.length,
    'bucketed among numeric and textual ids':
      reason === 'bucketed' && new Set(variations?.map((each) => /^\d+$/.test(each.id))).size > 1,
    'bucketed at the edge of a share': variations?.some(
      ({ traffic_allocation: share }) =>
        typeof share === 'number' && Math.abs(share * 100 - (variation?.bucketingAllocation ?? -2)) <= 1,
    ),
    'bucketed by a unicode id': reason === 'bucketed' && !/^[ -~]*$/.test(id),
  };
  return Object.keys(edges).filter((name) => edges[name]);
}
