/** Decides on a page of `share()`: only the experiences in the key of the page. */
import type {
  Decision,
  EngineProject,
  EngineVisitor,
  ExperienceAttributes,
  FeatureAttributes,
  FeatureOutcome,
} from '../engine/types.js';
import {
  chosenIn,
  type ContextDecision,
  type ContextExplanation,
  type Decider,
  NO_EXPERIENCE,
} from './decider.js';
import { foresee, type ForeseenVisitor } from './next-page.js';

/** The visitor and the attributes for which a page is decided, whatever a call of the handler says. */
export interface FixedVisitor {
  readonly visitor: ForeseenVisitor;
  readonly attributes: ExperienceAttributes;
}

/** Decides the experiences in the key of a page, and no others. */
export class PageDecider implements Decider {
  readonly #engine: EngineProject;
  readonly #keys: ReadonlySet<string>;
  readonly #fixed: FixedVisitor | undefined;
  readonly #onDecision: (decision: Decision) => void;

  /**
   * @param fixed the visitor of a page that a cache stores: all calls decide for this one, and nobody is enrolled.
   *   Undefined for a page that no cache stores
   * @param onDecision called with each decision on a page that no cache stores
   */
  constructor(
    engine: EngineProject,
    keys: ReadonlySet<string>,
    fixed: FixedVisitor | undefined,
    onDecision: (decision: Decision) => void,
  ) {
    this.#engine = engine;
    this.#keys = keys;
    this.#fixed = fixed;
    this.#onDecision = onDecision;
  }

  experience(key: string, visitor: EngineVisitor, attributes: ExperienceAttributes): ContextDecision {
    if (!this.#keys.has(key)) return leftOut(key);
    const { visitor: subject, attributes: given } = this.#fixed ?? { visitor, attributes };
    return this.#seen(this.#engine.experience(key, subject, given));
  }

  experiences(visitor: EngineVisitor, attributes: ExperienceAttributes): ContextDecision[] {
    const { visitor: subject, attributes: given } = this.#fixed ?? {
      visitor: withOwnState(visitor),
      attributes,
    };
    // Not all experiences: one that is not in the key could exclude one that is.
    const decisions = foresee(this.#keys, this.#engine, subject, given);
    return [...decisions.values()].map((each) => this.#seen(each));
  }

  explain(key: string, visitor: EngineVisitor, attributes: ExperienceAttributes): ContextExplanation {
    if (!this.#keys.has(key)) return { decision: leftOut(key), failed: [], missing: [] };
    const { visitor: subject, attributes: given } = this.#fixed ?? { visitor, attributes };
    return this.#engine.explain(key, subject, given);
  }

  feature(key: string, visitor: EngineVisitor, attributes: FeatureAttributes): FeatureOutcome {
    return this.#outcome(visitor, attributes, (subject, given) => this.#engine.feature(key, subject, given));
  }

  features(visitor: EngineVisitor, attributes: FeatureAttributes): FeatureOutcome {
    return this.#outcome(visitor, attributes, (subject, given) => this.#engine.features(subject, given));
  }

  #outcome(
    visitor: EngineVisitor,
    attributes: FeatureAttributes,
    decide: (visitor: EngineVisitor, given: FeatureAttributes) => FeatureOutcome,
  ): FeatureOutcome {
    const chosen = (chosenIn(attributes) ?? [...this.#keys]).filter((key) => this.#keys.has(key));
    const experienceKeys = chosen.length > 0 ? chosen : [NO_EXPERIENCE];
    const given =
      this.#fixed === undefined
        ? attributes
        : { ...this.#fixed.attributes, typeCasting: attributes.typeCasting ?? true, all: attributes.all };
    const outcome = decide(this.#fixed?.visitor ?? visitor, { ...given, experienceKeys });
    return { ...outcome, decisions: this.#own(outcome.decisions).map((each) => this.#seen(each)) };
  }

  /** The decisions in the key: with `strictSdk`, features decide all experiences. */
  #own<Each extends ContextDecision>(decisions: readonly Each[]): Each[] {
    return decisions.filter(({ experienceKey }) => this.#keys.has(experienceKey));
  }

  #seen<Each extends ContextDecision>(decision: Each): Each {
    if (this.#fixed !== undefined) return { ...decision, change: undefined, events: [] };
    this.#onDecision(decision as Decision);
    return decision;
  }
}

/** The same visitor, with a state that can go on by itself. */
const withOwnState = (visitor: EngineVisitor): ForeseenVisitor =>
  Object.create(visitor, { state: { value: visitor.state, writable: true } }) as ForeseenVisitor;

const leftOut = (experienceKey: string): ContextDecision => ({
  experienceKey,
  variation: null,
  reason: 'shared-page',
  change: undefined,
  events: [],
});
