/** Makes the outbox of a Convert from its options: in memory, in a folder, or one of the app's own. */
import { memoryOutbox } from '../delivery/memory-outbox.js';
import { spoolOutbox } from '../delivery/spool/spool-outbox.js';
import { fetchTransport } from '../delivery/transports/fetch.js';
import { httpTransport } from '../delivery/transports/http.js';
import type { DeliveryLedger, Outbox, OutboxFactory, OutboxListener, Transport } from '../delivery/types.js';
import type { ProjectConfig } from '../model/project-config.js';
import type { DeliveryOptions, ResolvedOptions } from '../options/types.js';
import { trackingUrl } from '../project/endpoints.js';
import { asConvertError, ConvertError } from '../utils/errors.js';
import { withMethods } from '../utils/option-checks.js';
import { NOTHING } from '../utils/objects.js';

interface Owner {
  readonly listener: OutboxListener;
  /** Returns the project config in force; undefined until the first one has arrived. */
  readonly project: () => ProjectConfig | undefined;
}

/** Makes the outbox. `make`, if given, replaces the factory of the options. */
export function outboxOf(
  { delivery: given = NOTHING, endpoints, sdkKey }: ResolvedOptions,
  { listener, project }: Owner,
  make: OutboxFactory = factoryOf(given || NOTHING),
): Outbox {
  // With `delivery: false`, no event is offered (see `withoutDelivery`), and this outbox only keeps the count.
  const delivery: DeliveryOptions = given || NOTHING;
  const outbox = make({
    transport: transportOf(delivery),
    destination() {
      const config = project();
      return (
        config && {
          accountId: config.account_id,
          projectId: config.project.id,
          url: trackingUrl(endpoints?.track, sdkKey, config),
        }
      );
    },
    source: `convert-middleware/${VERSION}`,
    maxQueueBytes: delivery.maxQueueBytes,
    lingerMs: delivery.linger,
    enrichData: delivery.enrichData,
    listener,
  });
  return delivery.outbox === undefined ? outbox : safeOutbox(outbox, listener);
}

function factoryOf({ outbox, spool }: DeliveryOptions): OutboxFactory {
  return outbox ?? (spool === undefined ? memoryOutbox : spoolOutbox(spool));
}

function transportOf({ timeout, transport }: DeliveryOptions): Transport {
  const hasNode = typeof process === 'object' && process.versions?.node !== undefined;
  return (transport ?? (hasNode ? 'node' : 'fetch')) === 'node'
    ? httpTransport({ timeout })
    : fetchTransport({ timeout });
}

const isOutbox = withMethods('an outbox', 'offer', 'drop', 'ledger', 'stats', 'flush', 'close');

/** Checks an outbox of the app's own, and wraps it, so that `flush` and `close` never reject. */
function safeOutbox(outbox: Outbox, listener: OutboxListener): Outbox {
  const [wrong] = isOutbox(outbox, 'delivery.outbox()');
  if (wrong !== undefined) throw new ConvertError('CONVERT_BAD_OPTION', wrong);
  const ledgerOf = async (work: () => Promise<DeliveryLedger>): Promise<DeliveryLedger> => {
    try {
      return await work();
    } catch (error) {
      listener.error(asConvertError(error, 'CONVERT_CALLBACK', 'the outbox of `delivery.outbox` failed'));
      return outbox.ledger();
    }
  };
  return {
    outlives: outbox.outlives === true,
    offer: (events) => outbox.offer(events),
    isHalfFull: () => outbox.isHalfFull?.() === true,
    drop: (count, reason) => outbox.drop(count, reason),
    ...(outbox.forget && { forget: async (visitorIds) => outbox.forget?.(visitorIds) }),
    ledger: () => outbox.ledger(),
    stats: () => outbox.stats(),
    flush: (timeout) => ledgerOf(() => outbox.flush(timeout)),
    close: (timeout) => ledgerOf(() => outbox.close(timeout)),
  };
}

/** The version of this package; a test keeps it equal to package.json. It is part of `source` on the wire. */
export const VERSION = '0.1.0';
