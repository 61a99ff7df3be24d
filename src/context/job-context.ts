/** The context of a visitor without a request, in jobs and webhooks. */
import { answersBy } from '../consent/answer.js';
import type { Consent, ConsentAnswer } from '../consent/consent.js';
import type { Properties } from '../engine/types.js';
import type { CarriedVisitor } from '../identity/carried-visitor.js';
import type { Visitor } from '../identity/visitor-identity.js';
import type { DescribedFacts, VisitorRequest } from '../request/described-request.js';
import type { RemoteStore } from '../store/remote-store.js';
import { withoutLapsedClaims } from '../model/visitor-state/claims.js';
import type { VisitorState } from '../model/visitor-state/types.js';
import { STORE_LIMIT, withStoreTimeout } from '../store/types.js';
import { asConvertError } from '../utils/errors.js';
import { bindWhenRead } from '../utils/detached-methods.js';
import { asObject, isThenable } from '../utils/objects.js';
import type { TrackOutcome } from './conversion-outcomes.js';
import { lastDenial } from './denial-marks.js';
import {
  EXCLUDED,
  type Excluded,
  excluded,
  foundIn,
  knownOf,
  lookupOf,
  type Participation,
  type StateLookup,
} from './participation.js';
import { recordedAnswer } from './recorded-consent.js';
import { lookUpState } from './resolve-participation.js';
import type { LoadedProject, Runtime } from './runtime.js';
import { UnitOfWork } from './unit-of-work.js';
import { VisitorContextBase } from './visitor-context.js';

const NO_PROPERTIES: Properties = { get: () => undefined };

/** Whose job it is. */
export interface JobIdentity {
  /** The visitor id; '' if the app gave none to `forVisitor`. */
  readonly id: string;
  /** Where the id comes from; undefined if the app did not say. */
  readonly origin: 'app' | 'cookie' | undefined;
  /** The signed text that carried the visitor; `bare` if the id came back unsigned; undefined if it did not. */
  readonly carried: CarriedVisitor | 'bare' | undefined;
}

/** The stored state of a job's visitor, and its store key: that of an app id or that of a cookie id. */
export interface StoredForJob {
  readonly lookup: StateLookup;
  /** The store key; '' before the first project config, since the key names the project. */
  readonly storeKey: string;
  /**
   * When a carried visitor last denied consent, or was forgotten, in milliseconds since the epoch; undefined if they
   * did not, and if nobody has to know.
   */
  readonly deniedAt?: number | undefined;
}

/** The visitor's own request, as another server describes it. */
export interface Described {
  readonly facts: DescribedFacts;
  /** True if the user agent is that of a bot. */
  readonly isBot: boolean;
}

const SAID = answersBy('forVisitor');

/** The visitor of a job, as the app describes them to `forVisitor`. */
export interface JobVisitor {
  readonly identity: JobIdentity;
  readonly properties: Readonly<Record<string, unknown>>;
  /** The consent that the app gave; undefined if the stored answer decides. */
  readonly consent: Consent | undefined;
  /** What another server tells of the visitor's request; undefined if this is a job. */
  readonly request: VisitorRequest | undefined;
  /** The host's request that the job is of, for the option `waitUntil`; undefined if it is of none. */
  readonly raw?: unknown;
}

export class JobContext extends VisitorContextBase {
  protected readonly cookies = undefined;
  protected readonly locations: Properties;
  protected readonly properties: Properties;
  readonly #given: JobVisitor;
  #stored: StoredForJob;
  /**
   * The value of `revocations.generation` when the context was made, after the stored consent was read. A later
   * revocation stops the commit.
   */
  readonly #generation: number;
  readonly #isBot: boolean;
  readonly #facts: DescribedFacts | undefined;

  constructor(runtime: Runtime, given: JobVisitor, stored: StoredForJob, described?: Described) {
    super(runtime);
    this.#given = given;
    this.#stored = stored;
    this.#generation = runtime.revocations.generation;
    const { properties } = given;
    this.#isBot = described?.isBot === true;
    this.#facts = described?.facts;
    this.locations = this.#facts?.location ?? NO_PROPERTIES;
    this.properties = this.#facts?.visitor(properties) ?? {
      get: (name) => (Object.hasOwn(properties, name) ? properties[name] : undefined),
    };
  }

  protected resolve(): Participation {
    const { identity } = this.#given;
    const { id: visitorId } = identity;
    const { project } = this.runtime;
    if (visitorId === '') return excluded(EXCLUDED, 'no-identity');
    // The config has come after `forVisitor` has waited for it: without a config, nothing could be read.
    if (project && this.#stored.storeKey === '') this.#stored = readNow(this.runtime, project, identity);
    const { lookup, storeKey: key } = this.#stored;
    const { answer, by } = this.#consent();
    const excludedBy = this.#isBot ? 'bot' : answer === 'granted' ? undefined : 'consent';
    const visitor: Visitor = {
      id: visitorId,
      origin: 'app',
      consent: answer,
      consentBy: by,
      excludedBy,
      mode: 'enrol',
      withdrawn: undefined,
    };
    if (!project) return excluded(visitor, 'not-ready');
    if (excludedBy !== undefined) return excluded(visitor, excludedBy);
    const stored = foundIn(lookup);
    const work = new UnitOfWork(this.runtime, {
      visitorId,
      storeKey: key,
      stored: stored && withoutLapsedClaims(asObject(stored), this.runtime.now()),
      known: knownOf(lookup),
      mode: 'enrol',
      ephemeral: false,
      isNewId: false,
      consented: false,
      generation: this.#generation,
      facts: this.#facts,
      response: undefined,
      request: this.#given.raw,
    });
    const stateUnavailable = lookup === 'unavailable';
    return { status: 'participating', visitor, project, work, stateUnavailable };
  }

  protected override missed(reason: Excluded['excludedBy']): TrackOutcome {
    if (reason === 'consent' || reason === 'no-identity') this.runtime.outbox.drop(1, reason);
    const { consent } = this.#given;
    const { lookup } = this.#stored;
    // The visitor may have consented: the store did not say.
    const isUnread = reason === 'consent' && consent === undefined && lookup === 'unavailable';
    return isUnread ? 'store-unavailable' : super.missed(reason);
  }

  /**
   * The consent answer that the app gave to `forVisitor`; without one, the answer that is stored with the visitor's
   * state, or that a signed text has carried.
   */
  #consent(): ConsentAnswer {
    const { consent, identity } = this.#given;
    const { lookup, deniedAt } = this.#stored;
    if (consent !== undefined) return SAID[consent];
    const recorded = asObject(foundIn(lookup)).consent ?? carriedConsent(identity.carried, lookup, deniedAt);
    return recordedAnswer(this.runtime.consentConfigured, recorded);
  }
}

/** The consent that a carried text brings: a grant, unless the visitor may have denied consent since. */
function carriedConsent(
  carried: JobIdentity['carried'],
  lookup: StateLookup,
  deniedAt: number | undefined,
): VisitorState['consent'] {
  const { at, isGranted } = typeof carried === 'object' ? carried : { at: 0, isGranted: false };
  if (deniedAt !== undefined && at <= deniedAt) return 'denied';
  return isGranted && lookup !== 'unavailable' ? 'granted' : undefined;
}

bindWhenRead(JobContext);

/**
 * Reads the stored state of the visitor whose id a job knows. If the job does not know the origin of the id, the state
 * of the app's visitor counts; the state of the cookie's visitor only if the app's has none, and if the id may come
 * from a cookie or be a fingerprint. Never rejects.
 */
export async function readForJob(runtime: Runtime, identity: JobIdentity): Promise<StoredForJob> {
  const { store, project } = runtime;
  if (!project) return { storeKey: '', lookup: 'unavailable' };
  const [first, ...others] = keysOf(runtime, project, identity);
  const { carried } = identity;
  const answerOf = <T>(read: T | PromiseLike<T>): T | Promise<T> =>
    isThenable(read) ? withStoreTimeout(STORE_LIMIT, read, { keepAlive: true }) : read;
  const denialOf = (keys: readonly string[]): number | undefined | Promise<number | undefined> =>
    answerOf(lastDenial(runtime, project.config, keys));
  try {
    for (const storeKey of [first, ...others]) {
      const read = answerOf(store.read(storeKey));
      const state = read instanceof Promise ? await read : read;
      if (state === undefined) continue;
      const lookup = lookupOf(state, runtime);
      // A visitor who came back after a denial has a state again, which holds no answer if `consent` is not configured.
      // A text from before the denial may still come, so the denial is looked for.
      const isOpen = typeof carried === 'object' && state.consent === undefined;
      return { storeKey, lookup, deniedAt: isOpen ? await denialOf([storeKey]) : undefined };
    }
    const deniedAt = carried === undefined ? undefined : await denialOf([first, ...others]);
    return { storeKey: first, lookup: 'absent', deniedAt };
  } catch (error) {
    runtime.report(asConvertError(error, 'CONVERT_STORE', 'the visitor store failed to read'));
    return { storeKey: first, lookup: 'unavailable' };
  }
}

/**
 * Reads what `readForJob` reads as a request does: a remote store answers within `storeTimeout`, or counts as
 * unavailable. Never rejects.
 */
export async function readWithinBudget(
  runtime: Runtime,
  store: RemoteStore,
  identity: JobIdentity,
): Promise<StoredForJob> {
  const { project } = runtime;
  if (!project) return { storeKey: '', lookup: 'unavailable' };
  const keys = keysOf(runtime, project, identity);
  for (const storeKey of keys) {
    const state = store.readCached(storeKey);
    const answer = state === undefined ? await store.readWithinBudget(storeKey) : { state };
    const lookup = lookUpState(runtime, { origin: 'app' }, storeKey, answer);
    if (lookup !== 'absent') return { storeKey, lookup };
  }
  return { storeKey: keys[0], lookup: 'absent' };
}

/** Reads what `readForJob` reads, at once: a store that answers later counts as unavailable. */
function readNow(runtime: Runtime, project: LoadedProject, identity: JobIdentity): StoredForJob {
  const keys = keysOf(runtime, project, identity);
  // Whether a carried visitor has denied consent is not known at once.
  if (identity.carried !== undefined) return { storeKey: keys[0], lookup: 'unavailable' };
  for (const storeKey of keys) {
    const lookup = lookUpState(runtime, { origin: 'app' }, storeKey, undefined);
    if (lookup !== 'absent') return { storeKey, lookup };
  }
  return { storeKey: keys[0], lookup: 'absent' };
}

/** The store keys that a job's visitor may have, the likelier one first. */
function keysOf(
  { storeKeys }: Runtime,
  { config }: LoadedProject,
  { id, origin }: JobIdentity,
): [string, ...string[]] {
  const first = storeKeys.of(config, id, origin ?? 'app');
  const isUnsure = origin === undefined && storeKeys.isAmbiguous(id);
  return isUnsure ? [first, storeKeys.of(config, id, 'cookie')] : [first];
}
