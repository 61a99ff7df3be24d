/** Works out how a visitor takes part in one request, from the request, the visitor and their stored state. */
import type { Visitor } from '../identity/visitor-identity.js';
import type { IncomingRequest, OutgoingResponse } from '../model/http.js';
import { withDeferredChanges } from '../model/visitor-state/apply-change.js';
import type { VisitorState } from '../model/visitor-state/types.js';
import type { RequestFacts } from '../request/request-reader.js';
import type { Answer } from '../store/remote-store.js';
import { asConvertError } from '../utils/errors.js';
import { foundIn, knownOf, lookupOf, type Included, type StateLookup } from './participation.js';
import type { FollowedPreview } from './preview-link.js';
import { isUpgrade, type ReadOnlyReason } from './read-only.js';
import type { LoadedProject, Runtime } from './runtime.js';
import { UnitOfWork } from './unit-of-work.js';
import { isThenable } from '../utils/objects.js';

/** A request whose visitor is not excluded. */
export interface ParticipationInput {
  readonly request: IncomingRequest;
  readonly response: OutgoingResponse;
  readonly visitor: Visitor;
  /** Why the request leaves no trace, leaving previews aside; undefined if it may leave one. */
  readonly readOnly: Exclude<ReadOnlyReason, 'preview'> | undefined;
  /**
   * Returns true if the response head was sent without the cookie of a new visitor; undefined if no cookie was due.
   */
  readonly isLost: (() => boolean) | undefined;
  readonly project: LoadedProject;
  readonly storeKey: string;
  readonly lookup: StateLookup;
  /**
   * The state that decisions begin with: the one of `lookup`, without lapsed claims, and with the assignments of the
   * visitor's cookie.
   */
  readonly stored: VisitorState | undefined;
  /** The preview; undefined if none is asked for, or if it is not followed. */
  readonly preview: FollowedPreview | undefined;
  readonly facts: RequestFacts;
}

export function resolveParticipation(runtime: Runtime, input: ParticipationInput): Included {
  const { visitor, project, preview, readOnly } = input;
  const because = readOnly !== 'no-page' && preview !== undefined ? 'preview' : readOnly;
  const work = unitOfWork(runtime, input, because !== undefined);
  const stateUnavailable = input.lookup === 'unavailable';
  if (because === undefined) return { status: 'participating', visitor, project, work, stateUnavailable };
  return {
    status: 'read-only',
    because,
    visitor,
    project,
    work,
    stateUnavailable,
    previews: preview?.decisions,
  };
}

function unitOfWork(
  runtime: Runtime,
  { request, response, visitor, storeKey, lookup, stored, facts, isLost }: ParticipationInput,
  isReadOnly: boolean,
): UnitOfWork {
  const seesDeferred = isReadOnly && visitor.mode === 'hold' && stored !== undefined;
  return new UnitOfWork(runtime, {
    visitorId: visitor.id,
    storeKey,
    // Read-only decisions see the visitor's deferred changes, too.
    stored: seesDeferred ? withDeferredChanges(stored, runtime.now()) : stored,
    known: knownOf(lookup),
    mode: isReadOnly ? 'silent' : visitor.mode,
    // An id that a cookie brings unsigned may be made up by the client: its state is short-lived until it is found in
    // the store. A flood makes stores slow, so an id of which the store said nothing is no better. State that lives
    // longer already keeps its life.
    ephemeral: visitor.origin === 'generated' || (isUnproven(visitor) && foundIn(lookup) === undefined),
    isNewId: visitor.origin === 'generated',
    consented: visitor.mode === 'enrol',
    generation: runtime.revocations.generation,
    facts,
    // Nothing is to be waited for where the head may never be sent.
    response: isUpgrade(request) ? undefined : response,
    request: request.raw,
    isLost,
  });
}

/** True for an id from a cookie that anybody may have written. */
const isUnproven = ({ origin, signature = 'none' }: Visitor): boolean =>
  origin === 'cookie' && signature === 'none';

/**
 * Reads the visitor's state. `prefetched` is the answer that a remote store gave before the handler ran; undefined if
 * there is no answer.
 */
export function lookUpState(
  runtime: Runtime,
  { origin }: Pick<Visitor, 'origin'>,
  storeKey: string,
  prefetched: Answer | undefined,
): StateLookup {
  if (origin === 'generated') return 'absent';
  const { store } = runtime;
  if (store.remote) return prefetched === undefined ? 'unavailable' : lookupOf(prefetched.state, runtime);
  try {
    const state = store.read(storeKey);
    return isThenable(state) ? 'unavailable' : lookupOf(state, runtime);
  } catch (error) {
    runtime.report(asConvertError(error, 'CONVERT_STORE', 'the visitor store failed to read'));
    return 'unavailable';
  }
}

/**
 * True if the visitor was not known before this request. False if the state could not be read: then we do not know that
 * the visitor is new.
 */
export function isNew({ origin }: Visitor, lookup: StateLookup, stored: VisitorState | undefined): boolean {
  if (origin === 'cookie') return false;
  return origin === 'generated' || (stored === undefined && lookup !== 'unavailable');
}

/** True if the visitor has consented and keeps our cookies. A visitor who is identified by a fingerprint keeps none. */
export function keepsCookies({ excludedBy, mode, origin }: Visitor): boolean {
  return excludedBy === undefined && mode === 'enrol' && origin !== 'fingerprint';
}
