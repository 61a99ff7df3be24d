/** Finds the properties that the rules of a project read. */
import type { ProjectConfig, RuleEntityConfig, RuleSet } from '../../model/project-config.js';

/** Returns the keys that rules name: `location` for locations and site areas, `visitor` for audiences and segments. */
export function referencedProperties(config: ProjectConfig): { location: Set<string>; visitor: Set<string> } {
  const location = new Set<string>();
  const visitor = new Set<string>();
  collect(config.locations, location);
  for (const experience of config.experiences ?? []) addKeys(experience?.site_area, location);
  collect(config.audiences, visitor);
  collect(config.segments, visitor);
  return { location, visitor };
}

function collect(entities: readonly RuleEntityConfig[] | undefined, keys: Set<string>): void {
  for (const entity of entities ?? []) addKeys(entity?.rules, keys);
}

/** Adds the keys that rules name. Rules come from outside: a part of an unexpected shape adds no keys. */
function addKeys(rules: RuleSet | null | undefined, keys: Set<string>): void {
  for (const or of list(rules?.OR)) {
    for (const and of list(or?.AND)) {
      for (const rule of list(and?.OR_WHEN)) {
        if (typeof rule?.key === 'string') keys.add(rule.key);
      }
    }
  }
}

function list<T>(value: readonly T[] | undefined): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [];
}
