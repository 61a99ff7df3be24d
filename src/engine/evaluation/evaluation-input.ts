/**
 * The input of decisions: one visitor with one set of properties. The rules of each location and audience are evaluated
 * at most once, unless their result may change.
 */
import { NOTHING } from '../../utils/objects.js';
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
  /** The visitor's state during the call that is under way. */
  state: EvaluationState;
  private readonly segments: Readonly<Record<string, unknown>> | undefined;

  constructor(
    private readonly plan: Plan,
    /** The visitor, as they were passed to the call that is under way. */
    public subject: EngineVisitor,
    private readonly inline: ExperienceAttributes,
  ) {
    this.segments = subject.state.segments;
    this.state = new EvaluationState(subject.state);
    this.results = new RuleResults(plan.ruleEntityCount);
  }

  /**
   * Returns the input of the visitor's previous call if the plan and the stored segments are still the same; otherwise
   * a new input.
   */
  static of(plan: Plan, visitor: EngineVisitor, attributes: ExperienceAttributes): EvaluationInput {
    // Properties that the app passes to a call hold for this call only.
    if (attributes.locationProperties != null || attributes.visitorProperties != null) {
      return new EvaluationInput(plan, visitor, attributes);
    }
    const { memo } = visitor;
    const cached = memo?.cached;
    if (
      cached instanceof EvaluationInput &&
      cached.plan === plan &&
      cached.segments === visitor.state.segments
    ) {
      cached.subject = visitor;
      cached.state = new EvaluationState(visitor.state);
      return cached;
    }
    const input = new EvaluationInput(plan, visitor, NOTHING_INLINE);
    if (memo !== undefined) memo.cached = input;
    return input;
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

  /** The hash of an experience's id and the visitor's id. */
  hash(prefix: HashPrefix): number {
    // A prepared `HashSuffix` of the visitor's id is worth its cost only from the second experience on.
    if (this.hashes++ === 0) return hashOnce(prefix, this.subject.id);
    return (this.suffix ??= new HashSuffix(this.subject.id)).hash(prefix);
  }

  locationResult(location: RuleEntity): RuleResult {
    return remembered(this.results, location, this.location);
  }

  audienceResult(audience: RuleEntity): RuleResult {
    return remembered(this.results, audience, this.visitor);
  }
}

const NOTHING_INLINE: ExperienceAttributes = NOTHING;

function remembered(
  results: RuleResults,
  { index, match, volatile }: RuleEntity,
  values: PropertyValues,
): RuleResult {
  // A location or audience without rules never matches, as in the SDK.
  if (match === undefined) return false;
  if (volatile) return match(values);
  const known = results.at(index);
  if (known !== undefined) return known;
  const result = match(values);
  results.set(index, result);
  return result;
}
