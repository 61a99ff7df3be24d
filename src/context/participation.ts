/** Says whether a visitor takes part in experiments during one request or job, and why not, if they do not. */
import type { ExcludedReason, Visitor } from '../identity/visitor-identity.js';
import { problemOf } from '../model/visitor-state/state-problem.js';
import type { VisitorState } from '../model/visitor-state/types.js';
import type { Previews } from './preview-link.js';
import { isLostIdentity, type LostIdentity, type ReadOnlyReason } from './read-only.js';
import type { LoadedProject, Runtime } from './runtime.js';
import type { UnitOfWork } from './unit-of-work.js';

/**
 * The visitor's participation, which is resolved once per request or job. `visitor` has all its fields in each case.
 */
export type Participation = Excluded | Included;

/** The visitor does not take part, and gets the original page. */
export interface Excluded {
  readonly status: 'excluded';
  readonly visitor: Visitor;
  /**
   * Why the visitor is excluded. With `not-ready` (no project config yet), the visitor has an id all the same, and a
   * request writes its cookie.
   */
  readonly excludedBy: ExcludedReason | 'disabled' | 'not-ready' | 'no-identity';
  /** The decisions of a preview. They need no consent, because they name nobody and leave no trace. */
  readonly previews?: Previews | undefined;
}

/** Decisions are made for the visitor. */
export type Included = Participating | ReadOnly;

interface Deciding {
  readonly visitor: Visitor;
  readonly project: LoadedProject;
  readonly work: UnitOfWork;
  /** True if the visitor's state is not known, because the store failed or did not answer in time. */
  readonly stateUnavailable: boolean;
}

/** Decisions are made for the visitor. They are stored and sent, as far as the visitor's consent allows. */
export interface Participating extends Deciding {
  readonly status: 'participating';
}

/** Decisions are made for the visitor, but nothing is stored or sent. */
export interface ReadOnly extends Deciding {
  readonly status: 'read-only';
  readonly because: ReadOnlyReason;
  /** The decisions that a preview shows; undefined without one. A HEAD request may have one, too. */
  readonly previews: Previews | undefined;
}

/**
 * Milliseconds for which a response that is under way keeps to the config of its first decision, after another one has
 * come: one page must not be decided by two configs, but a stream may go on for hours.
 */
const PAGE_LIMIT = 60_000;

/**
 * True if the participation was resolved by another config than the one in force, or before there was one, and is to be
 * renewed. `context.isPage` is true while a response is under way.
 */
export function isOutdated(
  known: Participation,
  { project, now }: Pick<Runtime, 'project' | 'now'>,
  context: { readonly isPage: boolean },
): boolean {
  const isSame = known.status === 'excluded' ? known.excludedBy !== 'not-ready' : known.project === project;
  if (isSame || project === undefined) return false;
  return now() - project.since > PAGE_LIMIT || !context.isPage;
}

/** The participation by the config in force; undefined if it has to be resolved, since the visitor was excluded. */
export function renewed(
  known: Participation | undefined,
  { project }: Pick<Runtime, 'project'>,
): Included | undefined {
  return known === undefined || known.status === 'excluded' || !project ? undefined : { ...known, project };
}

/**
 * The result of reading a visitor's state: `absent` if nothing is stored, `unavailable` if the store did not answer.
 */
export type StateLookup = { readonly found: VisitorState } | 'absent' | 'unavailable';

/** Makes the result of a state that a store has answered. Counts a problem that the state was read with. */
export function lookupOf(
  state: VisitorState | undefined,
  { stateProblems }: Pick<Runtime, 'stateProblems'>,
): StateLookup {
  if (state === undefined) return 'absent';
  stateProblems.met(problemOf(state));
  return { found: state };
}

export const foundIn = (lookup: StateLookup): VisitorState | undefined =>
  typeof lookup === 'string' ? undefined : lookup.found;

/** The visitor's state as `CommitOptions.known`: null if nothing is stored, undefined if the store did not answer. */
export const knownOf = (lookup: StateLookup): VisitorState | null | undefined =>
  lookup === 'unavailable' ? undefined : (foundIn(lookup) ?? null);

/** Stands in for the visitor if nobody was identified: the request is skipped, a job gave no id, or our code failed. */
export const EXCLUDED: Visitor = {
  id: '',
  origin: 'generated',
  consent: 'unknown',
  consentBy: 'none',
  excludedBy: 'consent',
  mode: 'silent',
  withdrawn: undefined,
};

export const excluded = (
  visitor: Visitor,
  excludedBy: Excluded['excludedBy'],
  previews?: Previews,
): Excluded => ({ status: 'excluded', visitor, excludedBy, previews });

/** The decisions that a preview shows; undefined without one. */
export const previewsIn = (participation: Participation): Previews | undefined =>
  participation.status === 'participating' ? undefined : participation.previews;

/** Why the id of a new visitor would be lost with this response; undefined if it would not. */
export function lostIdentityIn(participation: Participation): LostIdentity | undefined {
  if (participation.status !== 'read-only' || !isLostIdentity(participation.because)) return undefined;
  return participation.because;
}
