/** The context of a visitor without a request: jobs and webhooks. */
import { BaseContext, NOBODY, type Visit } from './base-context.js';
import type { Properties } from './engine/port.js';
import { Journal } from './journal.js';
import type { Reason, Runtime } from './runtime.js';
import type { VisitorState } from './state.js';
import type { Consent } from './visitor/consent.js';
import type { Visitor } from './visitor/identity.js';

const NO_PROPERTIES: Properties = { get: () => undefined };

export interface JobContextOptions {
  /** '' where the job brought none. */
  visitorId: string;
  properties: Record<string, unknown>;
  consent: Consent | undefined;
  /** What the store holds, under the key of app ids and under that of cookie ids. */
  stored: VisitorState | undefined;
  storeKey: string;
}

/** The context of a visitor without a request. */
export class JobContext extends BaseContext {
  protected readonly locations = NO_PROPERTIES;
  protected readonly properties: Properties;
  readonly #options: JobContextOptions;
  #commitScheduled = false;
  /** Of when the stored consent was read. */
  readonly #generation: number;

  constructor(runtime: Runtime, options: JobContextOptions) {
    super(runtime);
    this.#options = options;
    this.#generation = runtime.withdrawals.generation;
    const { properties } = options;
    this.properties = { get: (name) => (Object.hasOwn(properties, name) ? properties[name] : undefined) };
  }

  protected resolve(): Visit {
    const { visitorId, stored, storeKey: key } = this.#options;
    const { project } = this.runtime;
    if (visitorId === '') return { closed: 'no-identity', visitor: NOBODY };
    const consent = this.#consent();
    const gate = consent === 'granted' ? undefined : 'consent';
    const visitor: Visitor = {
      id: visitorId,
      origin: 'app',
      consent,
      gate,
      mode: 'enrol',
      withdrawn: undefined,
    };
    if (!project) return { closed: 'not-ready', visitor };
    if (gate !== undefined) return { closed: gate, visitor };
    const journal = new Journal(this.runtime, {
      visitorId,
      storeKey: key,
      stored,
      mode: 'enrol',
      ephemeral: false,
      consented: false,
      generation: this.#generation,
      segments: () => undefined,
    });
    if (journal.pending) this.recorded(journal);
    return { closed: undefined, visitor, project, journal, traceless: undefined };
  }

  protected override missed(reason: Reason): void {
    super.missed(reason);
    if (reason === 'consent' || reason === 'no-identity') this.runtime.outbox.drop(1, reason);
  }

  protected recorded(journal: Journal): void {
    if (this.#commitScheduled) return;
    this.#commitScheduled = true;
    setImmediate(() => {
      this.#commitScheduled = false;
      journal.commit();
    });
  }

  /** What was said for this call, else what the visitor said when they were here. */
  #consent(): Consent {
    const { consent, stored } = this.#options;
    if (consent !== undefined) return consent;
    if (!this.runtime.consentConfigured) return 'granted';
    return stored?.consent ?? 'unknown';
  }
}
