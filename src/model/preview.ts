/** The ids that a preview link names: the experience, and the variation that the link shows. */

export interface Preview {
  readonly experienceId: string;
  readonly variationId: string;
}
