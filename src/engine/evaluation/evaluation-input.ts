/** What is known of one visitor with one set of properties: each location and audience is evaluated at most once. */
import { hashOnce, type HashPrefix, HashSuffix } from '../murmur3.js';
import type { Plan, RuleEntity } from '../plan-types.js';
import type { RuleResult } from '../rules/types.js';
import type { EngineVisitor, ExperienceAttributes } from '../types.js';
import { EvaluationState } from './evaluation-state.js';
import { PropertyValues } from './property-values.js';
import { RuleResults } from './rule-results.js';

export class EvaluationInput {
  private locationValues: PropertyValues | undefined = undefined;
  private visitorValues: PropertyValues | undefined = undefined;
  private readonly results: RuleResults;
  private hashes = 0;
  private suffix: HashSuffix | undefined = undefined;
  /** Of the call under way. */
  state: EvaluationState;
  private readonly segments: Readonly<Record<string, unknown>> | undefined;

  constructor(
    private readonly plan: Plan,
    /** As of the call under way. */
    public subject: EngineVisitor,
    private readonly inline: ExperienceAttributes,
  ) {
    this.segments = subject.state.segments;
    this.state = new EvaluationState(subject.state);
    this.results = new RuleResults(plan.ruleEntityCount);
  }

  /** The facts of a visitor; those of the call before where nothing that they follow from has changed. */
  static of(plan: Plan, visitor: EngineVisitor, attributes: ExperienceAttributes): EvaluationInput {
    // What is given inline holds for one call.
    if (attributes.locationProperties != null || attributes.visitorProperties != null) {
      return new EvaluationInput(plan, visitor, attributes);
    }
    const { memo } = visitor;
    const held = memo?.cached;
    if (held instanceof EvaluationInput && held.plan === plan && held.segments === visitor.state.segments) {
      held.subject = visitor;
      held.state = new EvaluationState(visitor.state);
      return held;
    }
    const facts = new EvaluationInput(plan, visitor, NOTHING_INLINE);
    if (memo !== undefined) memo.cached = facts;
    return facts;
  }

  get location(): PropertyValues {
    return (this.locationValues ??= new PropertyValues(
      this.plan.names,
      this,
      this.subject.locationProperties,
      this.inline.locationProperties ?? undefined,
      undefined,
    ));
  }

  get visitor(): PropertyValues {
    return (this.visitorValues ??= new PropertyValues(
      this.plan.names,
      this,
      this.subject.visitorProperties,
      this.inline.visitorProperties ?? undefined,
      this.segments,
    ));
  }

  /** Of an experience's id and the visitor's. */
  hash(prefix: HashPrefix): number {
    // To prepare the visitor's id pays from the second time on.
    if (this.hashes++ === 0) return hashOnce(prefix, this.subject.id);
    return (this.suffix ??= new HashSuffix(this.subject.id)).hash(prefix);
  }

  locationOutcome(location: RuleEntity): RuleResult {
    return remembered(this.results, location, this.location);
  }

  audienceOutcome(audience: RuleEntity): RuleResult {
    return remembered(this.results, audience, this.visitor);
  }
}

const NOTHING_INLINE: ExperienceAttributes = {};

function remembered(
  outcomes: RuleResults,
  { index, match, volatile }: RuleEntity,
  values: PropertyValues,
): RuleResult {
  // One without rules is passed over by the SDK: it never matches.
  if (match === undefined) return false;
  if (volatile) return match(values);
  const known = outcomes.at(index);
  if (known !== undefined) return known;
  const outcome = match(values);
  outcomes.set(index, outcome);
  return outcome;
}
