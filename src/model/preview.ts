/** What a preview link names: the variation to show, and its experience. */

/** Of a preview link: both are ids. */
export interface Preview {
  readonly experienceId: string;
  readonly variationId: string;
}
