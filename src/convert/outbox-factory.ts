/** Makes the outbox of a Convert from its options: in memory, in a folder, or one of the app's own. */
import { memoryOutbox } from '../delivery/memory-outbox.js';
import { spoolOutbox } from '../delivery/spool/spool-outbox.js';
import { fetchTransport } from '../delivery/transports/fetch.js';
import { httpTransport } from '../delivery/transports/http.js';
import type {
  DeliveryLedger,
  DeliveryStats,
  Offer,
  Outbox,
  OutboxFactory,
  OutboxListener,
  Transport,
} from '../delivery/types.js';
import type { ProjectConfig } from '../model/project-config.js';
import type { DeliveryOptions, ResolvedOptions } from '../options/types.js';
import { trackingUrl } from '../project/endpoints.js';
import { asConvertError, ConvertError } from '../utils/errors.js';
import { agentOf, transportOr } from '../utils/node/http-agent.js';
import type { TransportOption } from '../utils/transport-option.js';
import { withMethods } from '../utils/option-checks.js';
import { NOTHING } from '../utils/objects.js';

interface Owner {
  readonly listener: OutboxListener;
  /** Returns the project config in force; undefined until the first one has arrived. */
  readonly project: () => ProjectConfig | undefined;
}

/** Makes the outbox. `make`, if given, replaces the factory of the options. */
export function outboxOf(
  { delivery: given = NOTHING, endpoints, sdkKey, transport }: ResolvedOptions,
  { listener, project }: Owner,
  make: OutboxFactory = factoryOf(given || NOTHING),
): Outbox {
  // With `delivery: false`, no event is offered (see `withoutDelivery`), and this outbox only keeps the count.
  const delivery: DeliveryOptions = given || NOTHING;
  const outbox = make({
    transport: transportOf(transport, delivery.timeout),
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

function transportOf(transport: TransportOption | undefined, timeout: number | undefined): Transport {
  return transportOr(transport) === 'fetch'
    ? fetchTransport({ timeout })
    : httpTransport({ timeout, agent: agentOf(transport) });
}

const isOutbox = withMethods('an outbox', 'offer', 'drop', 'ledger', 'stats', 'flush', 'close');

/** The figures of an outbox that can not tell its own. */
const UNKNOWN: DeliveryStats = Object.freeze({
  ...{ accepted: 0, delivered: 0, pending: 0, spooled: 0, rejected: 0, dropped: 0, reasons: {} },
  ...{ queueBytes: 0, volatile: 0, oldestAge: 0, posts: 0, retries: 0 },
  breaker: 'closed',
  lastError: undefined,
});

/**
 * Checks an outbox of the app's own, and wraps it, so that no method but `forget` throws or rejects. Events that it
 * fails to take count as refused.
 */
function safeOutbox(outbox: Outbox, listener: OutboxListener): Outbox {
  const [wrong] = isOutbox(outbox, 'delivery.outbox()');
  if (wrong !== undefined) throw new ConvertError('CONVERT_BAD_OPTION', wrong);
  const failed = (error: unknown): void =>
    listener.error(asConvertError(error, 'CONVERT_CALLBACK', 'the outbox of `delivery.outbox` failed'));
  const safely = <T>(work: () => T, otherwise: T): T => {
    try {
      return work();
    } catch (error) {
      failed(error);
      return otherwise;
    }
  };
  const ledger = (): DeliveryLedger => safely(() => outbox.ledger(), UNKNOWN);
  const ledgerOf = async (work: () => Promise<DeliveryLedger>): Promise<DeliveryLedger> => {
    try {
      return await work();
    } catch (error) {
      failed(error);
      return ledger();
    }
  };
  return {
    outlives: outbox.outlives === true,
    offer(events) {
      const offer = safely(() => checkedOffer(outbox.offer(events)), undefined);
      if (offer === undefined) return { refused: new Set(events), confirm() {} };
      const { refused, reasons } = offer;
      const confirm: Offer['confirm'] = (lost, kept) => safely(() => offer.confirm(lost, kept), undefined);
      return { refused, confirm, ...(reasons && { reasons }) };
    },
    isHalfFull: () => safely(() => outbox.isHalfFull?.() === true, false),
    drop: (count, reason) => safely(() => outbox.drop(count, reason), undefined),
    ...(outbox.forget && { forget: async (visitorIds) => outbox.forget?.(visitorIds) }),
    ledger,
    stats: () => safely(() => outbox.stats(), UNKNOWN),
    flush: (timeout) => ledgerOf(() => outbox.flush(timeout)),
    close: (timeout) => ledgerOf(() => outbox.close(timeout)),
  };
}

/** Returns an offer of the app's outbox, if it is one. */
function checkedOffer(offer: Offer): Offer {
  const { refused, confirm } = (offer ?? {}) as Partial<Offer>;
  if (typeof refused?.has === 'function' && typeof confirm === 'function') return offer;
  throw new TypeError('offer() gave no { refused, confirm }');
}

/** The version of this package; a test keeps it equal to package.json. It is part of `source` on the wire. */
export const VERSION = '0.1.0';
