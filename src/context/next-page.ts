/**
 * Foresees what a page of `share()` shows to a visitor, and says whether the visitor may have a key for it: with the
 * key, the page may come from a cache, and then nobody is enrolled.
 */
import type { Decision, EngineProject, EngineVisitor, ExperienceAttributes } from '../engine/types.js';
import { applyChange } from '../model/visitor-state/apply-change.js';
import type { VisitorState } from '../model/visitor-state/types.js';
import { ownValue } from '../utils/objects.js';
import type { Included } from './participation.js';

/** What a page shows, by experience key. */
export type PageDecisions = ReadonlyMap<string, Decision>;

export const NO_IDS: ReadonlySet<string> = new Set();

/** A visitor whose state takes in what is foreseen. */
export type ForeseenVisitor = Omit<EngineVisitor, 'state'> & { state: VisitorState };

/**
 * Decides as a handler does that decides the experiences one after the other: each decision sees those before it. The
 * visitor's state then has them all.
 */
export function foresee(
  experienceKeys: Iterable<string>,
  engine: Pick<EngineProject, 'experience'>,
  visitor: ForeseenVisitor,
  attributes: ExperienceAttributes,
): PageDecisions {
  const decisions = new Map<string, Decision>();
  for (const key of experienceKeys) {
    const decision = engine.experience(key, visitor, attributes);
    if (decision.change) visitor.state = applyChange(visitor.state, decision.change, Infinity).state;
    decisions.set(key, decision);
  }
  return decisions;
}

const isSameVariation = (one: Decision, other: Decision | undefined): boolean =>
  one.variation?.id === other?.variation?.id;

/** The variation keys by experience key; null for the original of those who are not in the experience. */
export const shownIn = (decisions: PageDecisions): ReadonlyMap<string, string | null> =>
  new Map([...decisions].map(([key, { variation }]) => [key, variation?.key ?? null]));

/**
 * Why a visitor gets no key:
 * - `undecided` they are not counted for what the next page shows, because the handler has not decided it, or has
 *   decided it uncounted
 * - `attributes` the handler has decided otherwise than the next page will be
 * - `changes` the next page enrols the visitor in an experience that waits for another one
 */
export type KeyProblem = 'undecided' | 'attributes' | 'changes';

/** Why the visitor may not have the key of the next page; `decided` is what the handler has decided. */
export function problemOf(next: PageDecisions, decided: readonly Decision[]): KeyProblem | undefined {
  const problems = [...next].map(([key, each]) =>
    keyProblem(
      decided.filter(({ experienceKey }) => experienceKey === key),
      each,
    ),
  );
  return problems.find((each) => each !== undefined);
}

function keyProblem(shown: readonly Decision[], next: Decision): KeyProblem | undefined {
  const others = shown.filter((each) => !isSameVariation(each, next));
  // Experiences that exclude each other, or need each other, depend on what was decided before.
  const isInOrder = ({ reason }: Decision): boolean => reason !== 'exclusion' && next.reason !== 'exclusion';
  if (others.some(isInOrder)) return 'attributes';
  if (next.events.length === 0) return undefined;
  return others.length > 0 ? 'changes' : 'undecided';
}

/**
 * True if each later page shows the same: the decisions are the same if they are made again, in any order, and none is
 * still to be counted. Otherwise whoever sends a key that others have could have another page stored under it.
 *
 * A visitor of the cookie of whom nothing is stored was counted before the store lost it. But the key that a user of
 * the app brings may be the one that their browser got before they logged in.
 */
export function areFinal(
  decisions: PageDecisions,
  { visitor: { origin }, project, work }: Included,
  visitor: EngineVisitor,
  attributes: ExperienceAttributes,
): boolean {
  return [...decisions].every(([key, each]) => {
    const isOwed = each.events.length > 0 && (origin === 'app' || isUnexposed(work.state, each));
    return !isOwed && isSameVariation(each, project.engine.experience(key, visitor, attributes));
  });
}

/** True if the visitor was given the variation without being counted (`enableTracking: false`). */
const isUnexposed = ({ unexposed = [] }: VisitorState, { variation }: Decision): boolean =>
  variation !== null && unexposed.includes(variation.experienceId);

/** The ids of the experiences that are counted for everybody who gets a page with these attributes. */
export function exposedIn(
  decisions: PageDecisions,
  { bucketing, unexposed = [] }: VisitorState,
  { enableTracking, enableStorage }: ExperienceAttributes,
): ReadonlySet<string> {
  if (enableTracking === false || enableStorage === false) return NO_IDS;
  const counted = new Set<string>();
  for (const { variation, events } of decisions.values()) {
    if (variation === null) continue;
    const { experienceId, id } = variation;
    const isCounted = ownValue(bucketing, experienceId) === id && !unexposed.includes(experienceId);
    if (isCounted || events.length > 0) counted.add(experienceId);
  }
  return counted;
}
