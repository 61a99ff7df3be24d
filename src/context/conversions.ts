/** The conversions of one context: checks and records them, and tells what became of them. */
import { badConversion } from '../engine/conversion-data.js';
import type { ConversionAttributes, EngineVisitor } from '../engine/types.js';
import { withTimeout } from '../utils/node/timers.js';
import { asObject } from '../utils/objects.js';
import { Conversion } from './conversion.js';
import {
  type CommitReport,
  type TrackOutcome,
  type ConversionResult,
  resultOf,
} from './conversion-outcomes.js';
import { type Included, lostIdentityIn, type Participation } from './participation.js';
import { warnOfLostIdentity } from './read-only.js';
import type { Runtime } from './runtime.js';

/** The most milliseconds that `committed` waits, if the app gives no `timeout`. */
const COMMIT_TIMEOUT = 2_000;

/** The most conversions of one context whose outcomes are kept: some contexts live as long as a connection. */
const MAX_KEPT = 1_000;

export interface GivenConversion {
  readonly goalKey: string;
  readonly attributes: ConversionAttributes | undefined;
}

export class Conversions {
  readonly #runtime: Runtime;
  #tracked: Conversion[] = [];

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** A conversion that does not count in this request or job. */
  missed({ visitor }: Participation, goalKey: string, outcome: TrackOutcome): ConversionResult {
    if (outcome === 'not-ready') this.#runtime.outbox.drop(1, outcome);
    return this.#add(visitor.id, goalKey).settle(resultOf(outcome));
  }

  /** Checks, decides and records a conversion. Throws what the engine throws. */
  track(participation: Included, visitor: () => EngineVisitor, given: GivenConversion): ConversionResult {
    const conversion = this.#add(participation.visitor.id, given.goalKey);
    try {
      const outcome = record(this.#runtime, participation, visitor, given, conversion);
      return outcome === 'accepted' ? conversion.result : conversion.settle(resultOf(outcome));
    } catch (error) {
      conversion.settle(resultOf('disabled'));
      throw error;
    }
  }

  /** Commits, and waits for the store and the outbox. Never rejects. */
  async committed(
    participation: Participation | undefined,
    options: { timeout?: unknown } | undefined,
  ): Promise<CommitReport> {
    const { timeout } = asObject(options);
    if (participation !== undefined && participation.status !== 'excluded') {
      const { work } = participation;
      void work.commit();
      const limit = typeof timeout === 'number' && timeout >= 0 ? timeout : COMMIT_TIMEOUT;
      const settled = work.settled();
      if (settled !== undefined)
        await withTimeout(limit, settled, { keepAlive: true }).catch(() => undefined);
    }
    const conversions = this.#tracked.slice(-MAX_KEPT).map((each) => each.report());
    return { retry: conversions.some(({ retry }) => retry), conversions };
  }

  #add(visitorId: string, goalKey: string): Conversion {
    const conversion = new Conversion(this.#runtime, visitorId, goalKey);
    this.#tracked.push(conversion);
    if (this.#tracked.length >= 2 * MAX_KEPT) this.#tracked = this.#tracked.slice(-MAX_KEPT);
    return conversion;
  }
}

/** Returns `accepted` if the conversion is recorded: then the unit of work settles it. */
function record(
  runtime: Runtime,
  participation: Included,
  visitor: () => EngineVisitor,
  { goalKey, attributes }: GivenConversion,
  conversion: Conversion,
): TrackOutcome {
  const lost = lostIdentityIn(participation);
  if (participation.status === 'read-only' && lost === undefined) return 'read-only';
  const problem = badConversion(attributes);
  if (problem !== undefined) {
    runtime.warnOnce('CONVERT_CONVERSION_DATA', `trackConversion: ${problem}; the conversion is dropped`);
    runtime.outbox.drop(1, 'bad-data');
    return 'bad-data';
  }
  const { engine } = participation.project;
  const fields = runtime.unknownFields.read('trackConversion', attributes);
  const { reason, change, events } = engine.conversion(goalKey, visitor(), fields);
  if (reason === 'goal-not-found') runtime.unknownKeys.met('goal', goalKey, participation.project.config);
  if (reason !== 'tracked') return reason;
  if (lost !== undefined) {
    if (events.length > 0) warnOfLostIdentity(runtime, lost);
    runtime.outbox.drop(events.length, 'no-identity');
    return 'no-identity';
  }
  // An engine that tracks has events, unless nothing is sent, so that they are dropped at once.
  if (events.length === 0) return 'disabled';
  participation.work.record(change, events, conversion);
  return 'accepted';
}
