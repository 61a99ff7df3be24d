/** Says whether a visitor takes part in experiments during one request or job, and why not, if they do not. */
import type { Decision } from '../engine/types.js';
import type { ExcludedReason, Visitor } from '../identity/visitor-identity.js';
import type { VisitorState } from '../model/visitor-state/types.js';
import type { LoadedProject } from './runtime.js';
import type { UnitOfWork } from './unit-of-work.js';

/** Resolved once per request or job; the visitor is whole in all three cases. */
export type Participation = Excluded | Included;

/** The visitor gets the original page. */
export interface Excluded {
  readonly status: 'excluded';
  readonly visitor: Visitor;
  /** With `not-ready` the visitor has an id, and its cookie is written. */
  readonly excludedBy: ExcludedReason | 'disabled' | 'not-ready' | 'no-identity';
}

/** Decisions are made for the visitor. */
export type Included = Participating | ReadOnly;

interface Deciding {
  readonly visitor: Visitor;
  readonly project: LoadedProject;
  readonly work: UnitOfWork;
  /** The visitor's state could not be read in time. */
  readonly stateUnavailable: boolean;
}

/** Decisions are stored and sent, as far as the visitor's consent allows. */
export interface Participating extends Deciding {
  readonly status: 'participating';
}

/** Decisions leave nothing behind. */
export interface ReadOnly extends Deciding {
  readonly status: 'read-only';
  readonly because: 'head-request' | 'preview' | 'no-identity';
  /** The decision that a preview link shows. A HEAD request may bring such a link, too. */
  readonly preview: Decision | undefined;
}

/** The store's answer when it was asked for a visitor's state. */
export type StateLookup = { readonly found: VisitorState } | 'absent' | 'unavailable';

export const lookupOf = (state: VisitorState | undefined): StateLookup =>
  state === undefined ? 'absent' : { found: state };

export const foundIn = (lookup: StateLookup): VisitorState | undefined =>
  typeof lookup === 'string' ? undefined : lookup.found;

/** The state as stores take it with a commit: null if they hold nothing, undefined if that is not known. */
export const knownOf = (lookup: StateLookup): VisitorState | null | undefined =>
  lookup === 'unavailable' ? undefined : (foundIn(lookup) ?? null);

/** Stands in for a visitor who can't be known. */
export const EXCLUDED: Visitor = {
  id: '',
  origin: 'generated',
  consent: 'unknown',
  consentBy: 'none',
  excludedBy: 'consent',
  mode: 'silent',
  withdrawn: undefined,
};

export const excluded = (visitor: Visitor, excludedBy: Excluded['excludedBy']): Excluded => ({
  status: 'excluded',
  visitor,
  excludedBy,
});

/** The decision that a preview link shows to this visitor. */
export const previewIn = (participation: Included): Decision | undefined =>
  participation.status === 'read-only' ? participation.preview : undefined;
