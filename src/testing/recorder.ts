/** An outbox for tests: it sends nothing, and keeps the events in two lists for assertions. */
import { createLedger } from '../delivery/ledger.js';
import type { Outbox, OutboxListener } from '../delivery/types.js';
import type { GoalData, VisitorEvent } from '../model/tracking-event.js';
import { experienceKeyOf, variationKeyOf } from './answers.js';

/** An exposure that `testConvert()` has recorded instead of sending it. */
export interface RecordedExposure {
  readonly visitorId: string;
  readonly experienceKey: string;
  readonly variationKey: string;
}

/** A conversion that `testConvert()` has recorded instead of sending it. */
export interface RecordedConversion {
  readonly visitorId: string;
  readonly goalKey: string;
  /** Present if the conversion is a transaction. */
  readonly conversionData?: readonly GoalData[];
}

export interface Recorder {
  exposures: RecordedExposure[];
  conversions: RecordedConversion[];
  /** Makes the outbox for `createConvertWith`. An event counts as delivered as soon as it is confirmed. */
  outbox(options: { listener: OutboxListener }): Outbox;
}

export function createRecorder(): Recorder {
  const recorder: Recorder = {
    exposures: [],
    conversions: [],
    outbox({ listener }) {
      const ledger = createLedger(listener);
      let closed = false;
      return {
        offer(events) {
          ledger.accept(events.length);
          if (closed) {
            ledger.drop(events.length, 'closed');
            return { refused: new Set(events), confirm() {} };
          }
          return {
            refused: new Set(),
            confirm(lost = new Set()) {
              const kept = events.filter((event) => !lost.has(event));
              record(recorder, kept);
              ledger.deliver(kept.length);
              ledger.drop(lost.size, 'claim-lost');
            },
          };
        },
        drop(count, reason) {
          ledger.accept(count);
          ledger.drop(count, reason);
        },
        // No event waits in this outbox, so `forget` has none to drop.
        forget() {},
        ledger: () => ledger.read(),
        stats: () => ({
          ...ledger.read(),
          queueBytes: 0,
          volatile: ledger.pending,
          oldestAge: 0,
          posts: 0,
          retries: 0,
          lastError: undefined,
          breaker: 'closed',
        }),
        flush: async () => ledger.read(),
        async close() {
          closed = true;
          return ledger.read();
        },
      };
    },
  };
  return recorder;
}

/** Adds events that were committed together to the lists of the recorder. */
function record({ exposures, conversions }: Recorder, events: readonly VisitorEvent[]): void {
  let bare: RecordedConversion | undefined;
  for (const { visitorId, event } of events) {
    const before = bare;
    bare = undefined;
    if (event.eventType === 'bucketing') {
      const { experienceId, variationId } = event.data;
      exposures.push({
        visitorId,
        experienceKey: experienceKeyOf(experienceId),
        variationKey: variationKeyOf(experienceId, variationId),
      });
      continue;
    }
    const { goalId: goalKey, goalData: conversionData } = event.data;
    const conversion = { visitorId, goalKey, ...(conversionData && { conversionData }) };
    // A conversion with data is sent as two events, the bare conversion and its transaction, but is recorded as one
    // entry.
    if (conversionData && before?.goalKey === goalKey) conversions.pop();
    else if (!conversionData) bare = conversion;
    conversions.push(conversion);
  }
}
