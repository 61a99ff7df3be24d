/**
 * Compiles a project config for fast decisions: lists become lookups, rules become predicates, and shares of the
 * traffic become buckets.
 */
import type {
  ExperienceConfig,
  FeatureConfig,
  ProjectConfig,
  RuleEntityConfig,
  RuleSet,
  VariationConfig,
} from '../model/project-config.js';
import { quoteName } from '../utils/clean-text.js';
import { layOut, MAX_TRAFFIC, sharesProblem } from './buckets.js';
import { textOf } from './coerce.js';
import { firstEnrolment } from './evaluation/enrolment.js';
import { compileFeatures, type FeaturePlan } from './feature-plan.js';
import { HashPrefix } from './murmur3.js';
import type {
  Audience,
  GoalPlan,
  Location,
  Plan,
  PlannedExperience,
  PlannedVariation,
} from './plan-types.js';
import { RuleCompiler } from './rules/compile-rules.js';
import { exclusionOf } from './rules/mutual-exclusion.js';
import type { CompileRegex } from './rules/operators.js';
import { PropertyNames } from './rules/property-names.js';
import type { CompiledRules, WebRules } from './rules/types.js';
import type { BucketingOptions } from './types.js';
import { variationMaker } from './variation-maker.js';

export interface PlanOptions {
  /**
   * Answers rules without a key, which web projects have. Default: such rules find no value, as with the official SDK.
   */
  readonly uiRules?: WebRules | undefined;
  /** How the traffic is shared out. Default: as by default with the official SDK. */
  readonly bucketing?: BucketingOptions | undefined;
  /** Compiles the regular expressions of rules. */
  readonly compileRegex: CompileRegex;
}

/**
 * Compiles a project config.
 *
 * @param config a config that is validated and deeply frozen, since decisions hand parts of it to the app
 */
export function compilePlan(
  config: ProjectConfig,
  { uiRules, bucketing = {}, compileRegex }: PlanOptions,
): Plan {
  const names = new PropertyNames();
  const compiler = new RuleCompiler(names, uiRules, compileRegex);
  const compile: Compile = (rules, type, { key }) =>
    rules ? compiler.compile(rules, ownerOf(type, key)) : undefined;

  // Each location and each audience is written as one literal. V8 gives objects that are made by spreading others a
  // hidden class each, and then every read of a property is a search.
  const keyPlaces = new Map<string | undefined, number>();
  const locations = entriesOf(config.locations).map((each, index): Location => {
    const key = each.key == null ? undefined : textOf(each.key);
    if (!keyPlaces.has(key)) keyPlaces.set(key, keyPlaces.size);
    const rules = compile(each.rules, 'location', each);
    return {
      index,
      config: each,
      rules,
      match: rules?.match,
      volatile: rules?.volatile === true,
      key,
      keyIndex: keyPlaces.get(key)!,
    };
  });
  const audiences = entriesOf(config.audiences).map((each, index): Audience => {
    const exclusion = exclusionOf(each.rules);
    const rules = exclusion ? undefined : compile(each.rules, 'audience', each);
    return {
      index: locations.length + index,
      config: each,
      rules,
      match: rules?.match,
      volatile: rules?.volatile === true,
      permanent: each.type === 'permanent',
      exclusion,
    };
  });
  const segments = entriesOf(config.segments);
  const features = compileFeatures(entriesOf<FeatureConfig>(config.features));
  const archived = new Set(entriesOf(config.archived_experiences).map(textOf));
  const found = {
    locations: idIndex(locations, ({ config: { id } }) => id),
    audiences: idIndex(audiences, ({ config: { id } }) => id),
    segments: idIndex(segments, ({ id }) => id),
  };

  const firstById = new Map<string, ExperienceConfig>();
  for (const experience of entriesOf(config.experiences)) {
    const id = textOf(experience.id);
    if (!firstById.has(id)) firstById.set(id, experience);
  }
  const plan = (experience: ExperienceConfig): PlannedExperience => {
    const id = textOf(experience.id);
    // The SDK looks up variations by the id of the experience. If two experiences have one id, it takes the variations
    // of the first one.
    const { variations: known } = firstById.get(id) ?? experience;
    const attached = found.audiences(experience.audiences);
    const segmentsOf = found.segments(experience.audiences);
    const locationsOf = experience.locations?.length ? found.locations(experience.locations) : undefined;
    const siteArea = compile(experience.site_area, 'site area of', experience);
    const variations = planVariations(experience, known, features);
    return {
      id,
      slot: slotOf(id),
      key: textOf(experience.key),
      archived: archived.has(id),
      environment: experience.environment || undefined,
      locations: locationsOf,
      config: experience,
      siteArea,
      audiences: attached,
      namesAudiences: Boolean(experience.audiences?.length),
      audiencesMatch: matchingOf(experience),
      segments: segmentsOf,
      variations,
      hasVariations: Boolean(experience.variations?.length),
      buckets: layOut(experience, (variationId) => variations.get(variationId)),
      hash: new HashPrefix(bucketing.excludeExperienceIdHash ? '' : id, bucketing.hash_seed),
      dependsOnState:
        segmentsOf.length > 0 ||
        attached.some((each) => each.permanent || each.exclusion !== undefined) ||
        [siteArea, ...[...attached, ...(locationsOf ?? [])].map(({ rules }) => rules)].some(readsState),
    };
  };

  const byKey = new Map<string, PlannedExperience>();
  const byId = new Map<string, PlannedExperience>();
  const experiences = entriesOf(config.experiences).map((experience) => {
    const key = textOf(experience.key);
    const known = byKey.get(key);
    // If two experiences have one key, the second one can only be found by its id.
    const planned = known === undefined || !byId.has(textOf(experience.id)) ? plan(experience) : known;
    if (!byId.has(planned.id)) byId.set(planned.id, planned);
    if (known !== undefined) {
      compiler.warnings.push(
        `${ownerOf('experience', experience.key)} shares its key with another one, which decides`,
      );
      return known;
    }
    byKey.set(key, planned);
    return planned;
  });

  for (const experience of entriesOf(config.experiences)) {
    const problem = sharesProblem(experience);
    if (problem !== undefined) compiler.warnings.push(`${ownerOf('experience', experience.key)} ${problem}`);
  }
  for (const { config: audience, exclusion } of audiences) {
    if (exclusion === undefined || byKey.has(exclusion.experienceKey)) continue;
    compiler.warnings.push(
      `${ownerOf('audience', audience.key)} asks for visitors of ` +
        `${ownerOf('experience', exclusion.experienceKey)}, which the project does not have`,
    );
  }

  return {
    config,
    names,
    maxTraffic: bucketing.max_traffic ?? MAX_TRAFFIC,
    experiences,
    interdependent:
      Math.min(byKey.size, byId.size) < experiences.length ||
      audiences.some(({ exclusion }) => exclusion !== undefined) ||
      experiences.some(({ siteArea }) => readsState(siteArea)) ||
      [...audiences, ...locations].some(({ rules }) => readsState(rules)),
    byKey,
    byId,
    locationCount: locations.length,
    ruleEntityCount: locations.length + audiences.length,
    segments: segments.map((each) => {
      return { config: each, rules: compiler.compile(each.rules, ownerOf('segment', each.key)) };
    }),
    goals: planGoals(entriesOf(config.goals), compile),
    features,
    warnings: compiler.warnings,
  };
}

type Compile = (
  rules: RuleSet | null | undefined,
  type: string,
  entity: { readonly key: string },
) => CompiledRules | undefined;

/**
 * Returns an id as a number if it is the text of a number, as most ids are. V8 would parse the text again at each read
 * of a property of that name.
 */
const slotOf = (id: string): string | number => (String(Number(id)) === id ? Number(id) : id);

/** Names an entity of the config in a warning, by its type and its key. */
function ownerOf(type: string, key: unknown): string {
  return `the ${type} ${quoteName(textOf(key))}`;
}

const readsState = (rules: CompiledRules | undefined): boolean => rules?.readsState === true;

function planVariations(
  experience: ExperienceConfig,
  variations: ExperienceConfig['variations'],
  features: FeaturePlan,
): ReadonlyMap<string, PlannedVariation> {
  const id = textOf(experience.id);
  const planned = new Map<string, PlannedVariation>();
  for (const variation of entriesOf<VariationConfig>(variations)) {
    if (typeof variation.id !== 'string' || planned.has(variation.id)) continue;
    const at = variationMaker(experience, variation);
    const stored = at(undefined);
    planned.set(variation.id, {
      id: variation.id,
      stored,
      at,
      enrolment: firstEnrolment(id, variation.id),
      features: features.of(stored),
    });
  }
  return planned;
}

function planGoals(goals: readonly RuleEntityConfig[], compile: Compile): ReadonlyMap<string, GoalPlan> {
  const planned = new Map<string, GoalPlan>();
  for (const goal of goals) {
    const key = textOf(goal.key);
    if (!planned.has(key)) planned.set(key, { id: goal.id, rules: compile(goal.rules, 'goal', goal) });
  }
  return planned;
}

function matchingOf({ settings }: ExperienceConfig): PlannedExperience['audiencesMatch'] {
  const options = settings?.matching_options;
  return options == null ? undefined : options.audiences === 'all' ? 'all' : 'any';
}

/** Returns a function that finds the entities with the given ids, in the order of the project. */
function idIndex<T>(
  entities: readonly T[],
  idOf: (entity: T) => unknown,
): (ids: readonly unknown[] | null | undefined) => T[] {
  const indexes = new Map<unknown, number[]>();
  for (const [index, entity] of entities.entries()) {
    const id = idOf(entity);
    const known = indexes.get(id);
    if (known) known.push(index);
    else indexes.set(id, [index]);
  }
  return (ids) =>
    [...new Set(ids ?? [])]
      .flatMap((id) => indexes.get(id) ?? [])
      .sort((a, b) => a - b)
      .map((index) => entities[index]!);
}

/**
 * Returns the entries of a list except null and undefined, on which the SDK would throw; [] if `list` is not a list.
 */
function entriesOf<T>(list: readonly T[] | null | undefined): readonly T[] {
  return Array.isArray(list)
    ? (list as readonly T[]).filter((each) => each !== null && each !== undefined)
    : [];
}
