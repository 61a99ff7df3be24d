/** Checks, decides and records one conversion of a visitor who is not excluded. */
import { badConversion } from '../engine/conversions.js';
import type { ConversionAttributes, ConversionOutcome, EngineVisitor } from '../engine/types.js';
import { asObject } from '../utils/objects.js';
import { type Included, lostIdentityIn } from './participation.js';
import { warnOfLostIdentity } from './read-only.js';
import type { Runtime } from './runtime.js';

/**
 * Returns the outcome for the event `conversion`; undefined if there is none to tell, since the conversion is not
 * counted in this request.
 */
export function recordConversion(
  runtime: Runtime,
  participation: Included,
  visitor: () => EngineVisitor,
  { goalKey, attributes }: { goalKey: string; attributes: ConversionAttributes | undefined },
): ConversionOutcome['reason'] | 'bad-data' | undefined {
  const lost = lostIdentityIn(participation);
  if (participation.status === 'read-only' && lost === undefined) return undefined;
  const problem = badConversion(attributes);
  if (problem !== undefined) {
    runtime.warnOnce('bad-data', `trackConversion: ${problem}; the conversion is dropped`);
    runtime.outbox.drop(1, 'bad-data');
    return 'bad-data';
  }
  const { reason, change, events } = participation.project.engine.conversion(
    goalKey,
    visitor(),
    asObject(attributes),
  );
  if (reason === 'goal-not-found') {
    runtime.warnOnce(
      'goal-not-found',
      'trackConversion: the project has no goal of a key that was given; nothing is sent for it (the event ' +
        '`conversion` names the key)',
    );
  }
  if (lost !== undefined) {
    if (events.length > 0) warnOfLostIdentity(runtime, lost);
    runtime.outbox.drop(events.length, 'no-identity');
    return undefined;
  }
  participation.work.record(change, events);
  return reason;
}
