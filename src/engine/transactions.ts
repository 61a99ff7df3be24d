/** Transactions with an id count once for a visitor and goal, however often they are reported. */
import type { WireEvent } from '../model/tracking-event.js';
import { transactionClaim } from '../model/visitor-state/claims.js';
import { transactionKey } from '../model/visitor-state/transaction-id.js';
import type { VisitorState } from '../model/visitor-state/types.js';
import { asObject, ownValue, withEntry } from '../utils/objects.js';
import type { ConversionOutcome, EngineEvent } from './types.js';

/** Removes the transactions that were tracked before from a conversion, and claims the remaining ones. */
export function withTransactionsOnce(
  result: ConversionOutcome,
  goalKey: string,
  state: VisitorState,
): ConversionOutcome {
  const tracked = ownValue(state.transactions, goalKey) ?? [];
  const events: EngineEvent[] = [];
  let claimed: string | undefined;
  for (const each of result.events) {
    const id = transactionIdOf(each.event);
    if (id !== undefined && tracked.some((known) => transactionKey(known) === id)) continue;
    if (id === undefined) {
      events.push(each);
      continue;
    }
    claimed = id;
    const name = transactionClaim(goalKey, id);
    // An event with the goal's own claim is sent once anyway; the transaction is claimed for later conversions.
    const { event, claim } = each;
    events.push(claim === undefined ? { event, claim: name } : { event, claim, also: name });
  }
  if (events.length === 0 && result.events.length > 0) return { reason: 'already-tracked', events };
  if (claimed === undefined) return events.length === result.events.length ? result : { ...result, events };
  const transactions = withEntry<string[]>(undefined, goalKey, [claimed]);
  const change = Object.assign({ transactions }, result.change);
  return { reason: result.reason, change, events };
}

/** The transaction id in the form in which it is remembered; undefined if the event has none. */
function transactionIdOf(event: WireEvent): string | undefined {
  if (event.eventType !== 'conversion') return undefined;
  const { goalData } = asObject(event.data);
  const value = goalData?.find(({ key }) => key === 'transactionId')?.value;
  return value === undefined || value === '' ? undefined : transactionKey(String(value));
}
