/**
 * The types of the short form of a project: experiments that are written by hand, for trying this package without an
 * account. `project/short-form/` makes a project config of it. docs/reference/project-file.md describes it.
 */

/**
 * A project in the short form. No account knows such a project, so nothing is sent unless `endpoints.track` is given.
 *
 * @example
 * ```js
 * createConvert({ project: { experiences: { 'homepage-hero': ['original', 'version-b'] } } });
 * ```
 */
export interface ShortProject {
  /** For editors: the path of `project.schema.json`. Nothing else reads it. */
  readonly $schema?: string;
  /**
   * The id of the project: digits, as a text or a number. Stores, cookies and the wire tell projects apart by it.
   * Needed only if an app has two projects in the short form. Default 0.
   */
  readonly id?: string | number;
  /** The experiences by key. */
  readonly experiences: Readonly<Record<string, ShortExperience>>;
  /**
   * Audiences that experiences refer to by name: the name, without white space, and the rules in one line. Default:
   * none.
   */
  readonly audiences?: Readonly<Record<string, string>>;
  /** The keys of the goals. Default: none. */
  readonly goals?: readonly string[];
}

/** An experience: its variations alone, or an object that has them as `variations`. */
export type ShortExperience = ShortVariations | ShortExperienceSettings;

/** An experience with more than variations. */
export interface ShortExperienceSettings {
  readonly variations: ShortVariations;
  /** The percentage of visitors who take part, 0 to 100. A change moves nobody. Default 100. */
  readonly traffic?: number;
  /**
   * Who takes part: the name of one of `audiences`, or rules about the visitor in one line, such as `country is US`.
   * Whoever has a variation keeps it. Default: everybody.
   */
  readonly audience?: string;
  /**
   * Where the experience runs: rules about the page in one line, such as `path starts with /shop`. Default: everywhere.
   */
  readonly location?: string;
  /** True if everybody gets the original for a while; what is stored of visitors stays. Default false. */
  readonly paused?: boolean;
  /** True if the experience is over: as `paused`, and its keys are no types any more. Default false. */
  readonly archived?: boolean;
}

/** The keys of the variations, which share the traffic equally; or each key with its weight, or with an object. */
export type ShortVariations = readonly string[] | Readonly<Record<string, number | ShortVariation>>;

/** A variation with more than a weight. */
export interface ShortVariation {
  /** The share in percent. All variations have a weight, and the weights add up to 100; or none has one. */
  readonly weight?: number;
  /** The features that the variation turns on: the values of their variables, by the key of the feature. */
  readonly features?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** The `account_id` of a project without an account, and the `id` of such a project that gives none. */
export const NO_ACCOUNT = '0';
