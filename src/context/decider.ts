/** What decides for a context: the engine, or on a page of `share()`, the decider of the page. */
import type {
  Decision,
  EngineExplanation,
  EngineProject,
  EngineVisitor,
  ExperienceAttributes,
  FeatureAttributes,
} from '../engine/types.js';

/** A decision of the engine, or none, because the page is shared and the experience not in its key. */
export type ContextDecision = Omit<Decision, 'reason'> & {
  readonly reason: Decision['reason'] | 'shared-page';
};

export type ContextExplanation = Omit<EngineExplanation, 'decision'> & { readonly decision: ContextDecision };

/** The methods of a project by which contexts decide. `EngineProject` has them. */
export interface Decider extends Pick<EngineProject, 'feature' | 'features'> {
  experience(key: string, visitor: EngineVisitor, attributes: ExperienceAttributes): ContextDecision;
  experiences(visitor: EngineVisitor, attributes: ExperienceAttributes): ContextDecision[];
  explain(key: string, visitor: EngineVisitor, attributes: ExperienceAttributes): ContextExplanation;
}

/** No experience has this key. The engine takes an empty list of keys for all keys. */
export const NO_EXPERIENCE = '';

/** The keys of the experiences that the call chooses; undefined for all. */
export const chosenIn = ({ experienceKeys: keys }: FeatureAttributes): readonly string[] | undefined =>
  Array.isArray(keys) && keys.length > 0 ? keys : undefined;
