/** The context of a visitor without a request: jobs and webhooks. */
import { answersBy, UNANSWERED, UNASKED } from '../consent/answer.js';
import type { Consent, ConsentAnswer } from '../consent/consent.js';
import type { Properties } from '../engine/types.js';
import type { Visitor } from '../identity/visitor-identity.js';
import { storeKey } from '../model/store-key.js';
import { withoutLapsedClaims } from '../model/visitor-state/claims.js';
import type { VisitorState } from '../model/visitor-state/types.js';
import { STORE_LIMIT, withStoreTimeout } from '../store/types.js';
import { asConvertError } from '../utils/errors.js';
import {
  EXCLUDED,
  excluded,
  foundIn,
  knownOf,
  lookupOf,
  type Participation,
  type StateLookup,
} from './participation.js';
import type { Runtime } from './runtime.js';
import type { Reason } from './types.js';
import { UnitOfWork } from './unit-of-work.js';
import { VisitorContextBase } from './visitor-context.js';

const NO_PROPERTIES: Properties = { get: () => undefined };

/** The store's answer for a visitor, under the key of app ids or under that of cookie ids. */
export interface StoredForJob {
  readonly lookup: StateLookup;
  /** '' before the first project config. */
  readonly storeKey: string;
}

const SAID = answersBy('forVisitor');
const STORED = answersBy('stored');

export interface JobContextOptions extends StoredForJob {
  /** '' where the job brought none. */
  visitorId: string;
  properties: Record<string, unknown>;
  consent: Consent | undefined;
}

/** The context of a visitor without a request. */
export class JobContext extends VisitorContextBase {
  protected readonly locations = NO_PROPERTIES;
  protected readonly properties: Properties;
  readonly #options: JobContextOptions;
  /** Of when the stored consent was read. */
  readonly #generation: number;

  constructor(runtime: Runtime, options: JobContextOptions) {
    super(runtime);
    this.#options = options;
    this.#generation = runtime.revocations.generation;
    const { properties } = options;
    this.properties = { get: (name) => (Object.hasOwn(properties, name) ? properties[name] : undefined) };
  }

  protected resolve(): Participation {
    const { visitorId, lookup, storeKey: key } = this.#options;
    const { project } = this.runtime;
    if (visitorId === '') return excluded(EXCLUDED, 'no-identity');
    const { answer, by } = this.#consent();
    const excludedBy = answer === 'granted' ? undefined : 'consent';
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
      stored: stored && withoutLapsedClaims(stored, this.runtime.now()),
      known: knownOf(lookup),
      mode: 'enrol',
      ephemeral: false,
      consented: false,
      generation: this.#generation,
      facts: undefined,
      response: undefined,
      request: undefined,
    });
    const stateUnavailable = lookup === 'unavailable';
    return { status: 'participating', visitor, project, work, stateUnavailable };
  }

  protected override missed(reason: Reason): void {
    super.missed(reason);
    if (reason === 'consent' || reason === 'no-identity') this.runtime.outbox.drop(1, reason);
  }

  /** What was said for this call, else what the visitor said when they were here. */
  #consent(): ConsentAnswer {
    const { consent, lookup } = this.#options;
    const stored = foundIn(lookup);
    if (consent !== undefined) return SAID[consent];
    // An opt-out holds where nobody asks for consent, too.
    if (stored?.consent === 'denied') return STORED.denied;
    if (!this.runtime.consentConfigured) return UNASKED;
    return stored?.consent === undefined ? UNANSWERED : STORED.granted;
  }
}

/** What is stored of a visitor of whom a job knows the id. Never rejects. */
export async function readForJob(runtime: Runtime, id: string): Promise<StoredForJob> {
  const { store, hasAppIds } = runtime;
  const config = runtime.project?.config;
  if (!config) return { storeKey: '', lookup: 'unavailable' };
  const read = (key: string): Promise<VisitorState | undefined> =>
    withStoreTimeout(STORE_LIMIT, store.read(key), { keepAlive: true });
  const key = storeKey(config, id, 'app', hasAppIds);
  try {
    const stored = await read(key);
    if (stored !== undefined || !hasAppIds) return { storeKey: key, lookup: lookupOf(stored) };
    // The id that a webhook brings may have come from our cookie.
    const cookieKey = storeKey(config, id, 'cookie', true);
    const byCookie = await read(cookieKey);
    return { storeKey: byCookie === undefined ? key : cookieKey, lookup: lookupOf(byCookie) };
  } catch (error) {
    runtime.report(asConvertError(error, 'CONVERT_STORE', 'the visitor store failed to read'));
    return { storeKey: key, lookup: 'unavailable' };
  }
}
