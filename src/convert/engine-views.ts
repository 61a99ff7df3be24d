/** Engines of projects that leave less behind than the engine itself: for drafts, and if nothing is sent. */
import { NO_EVENTS } from '../engine/evaluation/enrolment.js';
import type { Decision, EngineProject, FeatureOutcome } from '../engine/types.js';
import type { StateChange } from '../model/visitor-state/types.js';

/** Returns the project with each decision changed by `view`. */
function viewed(project: EngineProject, view: (decision: Decision) => Decision): EngineProject {
  const outcome = ({ features, decisions }: FeatureOutcome): FeatureOutcome => ({
    features,
    decisions: decisions.map(view),
  });
  return {
    warnings: project.warnings,
    experience: (key, visitor, attributes) => view(project.experience(key, visitor, attributes)),
    experiences: (visitor, attributes) => project.experiences(visitor, attributes).map(view),
    explain(key, visitor, attributes) {
      const explanation = project.explain(key, visitor, attributes);
      return { ...explanation, decision: view(explanation.decision) };
    },
    preview: (link) => project.preview(link),
    feature: (key, visitor, attributes) => outcome(project.feature(key, visitor, attributes)),
    features: (visitor, attributes) => outcome(project.features(visitor, attributes)),
    conversion: (key, visitor, attributes) => project.conversion(key, visitor, attributes),
    customSegments: (keys, visitor, attributes) => project.customSegments(keys, visitor, attributes),
  };
}

/** Makes the decisions on some experiences read-only: who gets a variation of them gets it with the reason `draft`. */
export function withDrafts(project: EngineProject, drafts: ReadonlySet<string>): EngineProject {
  if (drafts.size === 0) return project;
  return viewed(project, (decision) =>
    drafts.has(decision.experienceKey) && decision.variation !== null
      ? { ...decision, reason: 'draft', change: undefined, events: NO_EVENTS }
      : decision,
  );
}

/**
 * Has decisions stored without an exposure, as with `enableTracking: false`, and conversions dropped.
 *
 * @param drop counts events of conversions that would have been sent
 */
export function withoutDelivery(project: EngineProject, drop: (count: number) => void): EngineProject {
  return {
    ...viewed(project, (decision) => ({
      ...decision,
      change: decision.change && unexposed(decision.change),
      events: NO_EVENTS,
    })),
    conversion(key, visitor, attributes) {
      const outcome = project.conversion(key, visitor, attributes);
      drop(outcome.events.length);
      // The goal is not stored: else the visitor's first conversion after the option is gone would not count.
      return { reason: outcome.reason, events: NO_EVENTS };
    },
  };
}

function unexposed({ exposed: _, claims, ...change }: StateChange): StateChange | undefined {
  if (claims === undefined) return Object.keys(change).length > 0 ? change : undefined;
  const unsent = Object.entries(claims).map(([id, claim]) => [id, { ...claim, exposed: false }]);
  return { ...change, claims: Object.fromEntries(unsent) as typeof claims };
}
