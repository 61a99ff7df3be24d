/**
 * The types of the project config, which Convert's config endpoint serves: the experiences, audiences and goals of a
 * project. Only the fields that this package reads are named; a config may have more. A config may be malformed:
 * `project/parse-config.ts` checks it.
 */
import { cleanText } from '../utils/clean-text.js';

/** A project config, as Convert's endpoint delivers it. Only the fields that are read here are named. */
export interface ProjectConfig {
  account_id: string;
  project: {
    id: string;
    name?: string;
    type?: string;
    utc_offset?: string | number;
    settings?: Record<string, unknown>;
  };
  experiences?: ExperienceConfig[];
  archived_experiences?: (string | number)[];
  audiences?: RuleEntityConfig[];
  segments?: RuleEntityConfig[];
  locations?: RuleEntityConfig[];
  goals?: RuleEntityConfig[];
  features?: FeatureConfig[];
}

/** An experience of a project config. */
export interface ExperienceConfig {
  id: string;
  key: string;
  name?: string;
  type?: string;
  status?: string;
  environment?: string;
  version?: number | string;
  locations?: string[];
  site_area?: RuleSet | null;
  audiences?: string[];
  goals?: string[];
  /** `audiences` and `locations` are `all` or `any`. Their type is `string`, so that an imported JSON file fits. */
  settings?: { matching_options?: { audiences?: string; locations?: string } };
  variations?: VariationConfig[];
}

/** A variation of an experience in a project config. */
export interface VariationConfig {
  id: string;
  key: string;
  name?: string;
  status?: string;
  traffic_allocation?: number | null;
  changes?: ChangeConfig[];
}

/** What a variation changes: code, or a feature with its variables. */
export interface ChangeConfig {
  id?: string | number;
  type?: string;
  data?: { feature_id?: string | number; variables_data?: Record<string, unknown>; [field: string]: unknown };
}

/** An audience, segment, location or goal. */
export interface RuleEntityConfig {
  id: string;
  key: string;
  name?: string;
  type?: string;
  rules?: RuleSet | null;
}

/** A feature of a project config, with its variables. */
export interface FeatureConfig {
  id: string;
  key: string;
  name?: string;
  variables?: { key: string; type: string }[];
}

/** Rules: an OR of ANDs of ORs. */
export interface RuleSet {
  OR?: { AND?: { OR_WHEN?: Rule[] }[] }[];
}

/** One condition on a property. */
export interface Rule {
  rule_type?: string;
  key?: string;
  value?: unknown;
  matching?: { match_type?: string; negated?: boolean };
}

/** The most environments that a warning names. */
const MAX_NAMED = 5;

/** Returns the experiences that are not archived. */
export function liveExperiences(config: ProjectConfig): ExperienceConfig[] {
  const { experiences = [], archived_experiences: archived = [] } = config;
  const gone = new Set(archived.map(String));
  return experiences.filter(({ id }) => !gone.has(String(id)));
}

/**
 * Returns a warning if no experience runs in this environment, but experiences exist for others: the environment is
 * probably wrong. Otherwise returns undefined.
 */
export function runsElsewhere({ experiences = [] }: ProjectConfig, environment: string): string | undefined {
  const found = new Set(experiences.map((experience) => experience.environment || environment));
  if (found.size === 0 || found.has(environment)) return undefined;
  const names = [...found]
    .slice(0, MAX_NAMED)
    .map((name) => `'${cleanText(name, 64)}'`)
    .join(', ');
  return (
    `no experience of the project runs in the environment '${environment}'; it has experiences for ${names}.` +
    ' Set the option `environment` (or CONVERT_ENVIRONMENT)'
  );
}

/** Returns the ids of the experiences that run in this environment and are not archived. */
export function runningExperiences(config: ProjectConfig, environment: string): string[] {
  return liveExperiences(config)
    .filter((experience) => !experience.environment || experience.environment === environment)
    .map(({ id }) => String(id));
}

/**
 * How an experience stands in its project, apart from its rules: it `runs`, is `paused`, or is `not-running` since it
 * is unknown, archived, of another environment, or of another status (a draft, for example).
 */
export type Standing = 'runs' | 'paused' | 'not-running';

/** Tells how the experience of a key stands in an environment. Without a status, an experience is active. */
export function standingOf(config: ProjectConfig, environment: string, key: string): Standing {
  const experience = config.experiences?.find((each) => each.key === key);
  if (experience === undefined) return 'not-running';
  const { status } = experience;
  if (experience.environment && experience.environment !== environment) return 'not-running';
  // In the short form, an experience that is paused is listed as archived, too.
  if (status === 'paused') return 'paused';
  const isArchived = config.archived_experiences?.some((id) => String(id) === String(experience.id));
  return !isArchived && (!status || status === 'active') ? 'runs' : 'not-running';
}
