/** Makes the outbox of a Convert from its options: one of the platform, or one of the app's own. */
import type {
  DeliveryLedger,
  Offer,
  Outbox,
  OutboxFactory,
  OutboxListener,
  OutboxOptions,
} from '../delivery/types.js';
import type { ProjectConfig } from '../model/project-config.js';
import type { DeliveryOptions, ResolvedOptions } from '../options/types.js';
import { trackingUrl } from '../project/endpoints.js';
import { asConvertError, ConvertError } from '../utils/errors.js';
import { type LoadableOutbox, NO_FIGURES } from './late-outbox.js';
import type { Platform } from './platform.js';
import { withMethods } from '../utils/option-checks.js';
import { NOTHING } from '../utils/objects.js';

interface Owner {
  readonly listener: OutboxListener;
  /** Returns the project config in force; undefined until the first one has arrived. */
  readonly project: () => ProjectConfig | undefined;
}

/** Makes the outbox. `make`, if given, replaces the outbox of the options. */
export function outboxOf(
  platform: Platform,
  resolved: ResolvedOptions,
  { listener, project }: Owner,
  make?: OutboxFactory,
): LoadableOutbox {
  const { delivery: given = NOTHING, endpoints, sdkKey } = resolved;
  // If nothing is sent, no event is offered (see `withoutDelivery`), and this outbox only keeps the count.
  const delivery: DeliveryOptions = given || NOTHING;
  const options: OutboxOptions = {
    transport: platform.transport(resolved, delivery),
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
  };
  if (make !== undefined) return make(options);
  if (delivery.outbox !== undefined) return safeOutbox(delivery.outbox(options), listener);
  return platform.outbox(delivery, options);
}

const isOutbox = withMethods('an outbox', 'offer', 'drop', 'ledger', 'stats', 'flush', 'close');

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
  const ledger = (): DeliveryLedger => safely(() => outbox.ledger(), NO_FIGURES);
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
      return { refused, reasons, confirm };
    },
    isHalfFull: () => safely(() => outbox.isHalfFull?.() === true, false),
    drop: (count, reason) => safely(() => outbox.drop(count, reason), undefined),
    ...(outbox.forget && { forget: async (visitorIds) => outbox.forget?.(visitorIds) }),
    ledger,
    stats: () => safely(() => outbox.stats(), NO_FIGURES),
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
