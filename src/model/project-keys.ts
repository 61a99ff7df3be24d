/**
 * The keys of the app's own project, for TypeScript. They are texts, unless the app says which: `npx convert-middleware
 * types` writes a file that does so.
 */

/**
 * The keys of the project: the file that `npx convert-middleware types` writes merges them into this interface.
 * `experiences` has the keys of their variations, `features` the types of their variables. Default: nothing is known,
 * and every key is a text.
 *
 * @example
 * ```ts
 * declare module 'convert-middleware' {
 *   interface ConvertProject {
 *     experiences: { 'homepage-hero': 'original' | 'version-b' };
 *     goals: { purchase: true };
 *     features: { 'checkout-button': { price: number } };
 *   }
 * }
 * ```
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- apps merge their keys into it
export interface ConvertProject {}

/** The variables of a feature of which nothing is known. */
export type AnyVariables = Readonly<Record<string, unknown>> | undefined;

// Each type asks `ConvertProject` first: where it is empty, a key is a text at once, whatever the type's parameter is.

/** The key of an experience. */
export type ExperienceKey = ConvertProject extends { experiences: infer Known }
  ? keyof Known & string
  : string;

/** The key of a variation of these experiences. */
export type VariationKey<Experience extends string = ExperienceKey> = ConvertProject extends {
  experiences: infer Known;
}
  ? Experience extends keyof Known
    ? Known[Experience] & string
    : string
  : string;

/** The key of an experience as a decision has it: that which the call has named. */
export type DecidedKey<Experience extends string> = ConvertProject extends { experiences: unknown }
  ? Experience
  : string;

/** The key of a goal. */
export type GoalKey = ConvertProject extends { goals: infer Known } ? keyof Known & string : string;

/** The key of a feature. */
export type FeatureKey = ConvertProject extends { features: infer Known } ? keyof Known & string : string;

/** The variables of a feature, by key, with their types. */
export type FeatureVariables<Key extends string = FeatureKey> = ConvertProject extends {
  features: infer Known;
}
  ? Key extends keyof Known
    ? Readonly<Known[Key]>
    : AnyVariables
  : AnyVariables;
