/**
 * The input of decisions: one visitor with one set of properties. Each location and audience is evaluated at most once.
 */
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
  /** The state of the call under way. */
  state: EvaluationState;
  private readonly segments: Readonly<Record<string, unknown>> | undefined;

  constructor(
    private readonly plan: Plan,
    /** The visitor as the call under way gives them. */
    public subject: EngineVisitor,
    private readonly inline: ExperienceAttributes,
  ) {
    this.segments = subject.state.segments;
    this.state = new EvaluationState(subject.state);
    this.results = new RuleResults(plan.ruleEntityCount);
  }

  /** The input of a visitor: that of the call before, unless something that it follows from has changed. */
  static of(plan: Plan, visitor: EngineVisitor, attributes: ExperienceAttributes): EvaluationInput {
    // Properties that are given inline hold for one call.
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
    // Preparing the visitor's id pays from the second experience on.
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

const NOTHING_INLINE: ExperienceAttributes = {};

function remembered(
  results: RuleResults,
  { index, match, volatile }: RuleEntity,
  values: PropertyValues,
): RuleResult {
  // The SDK passes over a location or audience without rules: it never matches.
  if (match === undefined) return false;
  if (volatile) return match(values);
  const known = results.at(index);
  if (known !== undefined) return known;
  const result = match(values);
  results.set(index, result);
  return result;
}
