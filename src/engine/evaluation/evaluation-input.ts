/** What is known of one visitor with one set of properties: each location and audience is evaluated at most once. */
import { hashOnce, type HashPrefix, HashSuffix } from '../murmur3.js';
import type { Plan, RuleEntity } from '../plan-types.js';
import type { Outcome } from '../rules/types.js';
import type { EngineVisitor, ExperienceAttributes } from '../types.js';
import { Progress } from './evaluation-state.js';
import { Values } from './property-values.js';
import { Outcomes } from './rule-results.js';

export class Facts {
  private locationValues: Values | undefined = undefined;
  private visitorValues: Values | undefined = undefined;
  private readonly outcomes: Outcomes;
  private hashes = 0;
  private suffix: HashSuffix | undefined = undefined;
  /** Of the call under way. */
  progress: Progress;
  private readonly segments: Readonly<Record<string, unknown>> | undefined;

  constructor(
    private readonly plan: Plan,
    /** As of the call under way. */
    public subject: EngineVisitor,
    private readonly inline: ExperienceAttributes,
  ) {
    this.segments = subject.state.segments;
    this.progress = new Progress(subject.state);
    this.outcomes = new Outcomes(plan.ruleEntityCount);
  }

  /** The facts of a visitor; those of the call before where nothing that they follow from has changed. */
  static of(plan: Plan, visitor: EngineVisitor, attributes: ExperienceAttributes): Facts {
    // What is given inline holds for one call.
    if (attributes.locationProperties != null || attributes.visitorProperties != null) {
      return new Facts(plan, visitor, attributes);
    }
    const { memo } = visitor;
    const held = memo?.held;
    if (held instanceof Facts && held.plan === plan && held.segments === visitor.state.segments) {
      held.subject = visitor;
      held.progress = new Progress(visitor.state);
      return held;
    }
    const facts = new Facts(plan, visitor, NOTHING_INLINE);
    if (memo !== undefined) memo.held = facts;
    return facts;
  }

  get location(): Values {
    return (this.locationValues ??= new Values(
      this.plan.names,
      this,
      this.subject.locationProperties,
      this.inline.locationProperties ?? undefined,
      undefined,
    ));
  }

  get visitor(): Values {
    return (this.visitorValues ??= new Values(
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

  locationOutcome(location: RuleEntity): Outcome {
    return remembered(this.outcomes, location, this.location);
  }

  audienceOutcome(audience: RuleEntity): Outcome {
    return remembered(this.outcomes, audience, this.visitor);
  }
}

const NOTHING_INLINE: ExperienceAttributes = {};

function remembered(outcomes: Outcomes, { index, match, volatile }: RuleEntity, values: Values): Outcome {
  // One without rules is passed over by the SDK: it never matches.
  if (match === undefined) return false;
  if (volatile) return match(values);
  const known = outcomes.at(index);
  if (known !== undefined) return known;
  const outcome = match(values);
  outcomes.set(index, outcome);
  return outcome;
}
