/** Counts events by outcome. After events are delivered, rejected or dropped, tells the listener of the outbox, too. */
import { ConvertError } from '../utils/errors.js';
import type { DeliveryLedger, DropReason, OutboxListener } from './types.js';

export interface Ledger {
  readonly pending: number;
  /**
   * Counts offered events as accepted and pending. They are pending until one of the next four methods is called for
   * them.
   */
  accept(count: number): void;
  deliver(count: number): void;
  reject(count: number, reason: DropReason): void;
  drop(count: number, reason: DropReason): void;
  /**
   * Moves events from pending to spooled, since they are only on disk or in Redis now. A negative count moves events
   * back, since this process has read them again.
   */
  spool(count: number): void;
  error(error: ConvertError): void;
  recovered(message: string): void;
  read(): DeliveryLedger;
}

export function createLedger(listener: OutboxListener): Ledger {
  let accepted = 0;
  let delivered = 0;
  let pending = 0;
  let spooled = 0;
  let rejected = 0;
  let dropped = 0;
  const reasons: Partial<Record<DropReason, number>> = {};

  const blame = (count: number, reason: DropReason): void => {
    pending -= count;
    reasons[reason] = (reasons[reason] ?? 0) + count;
  };
  // If a listener throws, the error must neither reach a request nor stop the delivery.
  const tell = (call: () => void): void => {
    try {
      call();
    } catch (error) {
      try {
        listener.error(
          new ConvertError('CONVERT_CALLBACK', 'a listener of the outbox threw', { cause: error }),
        );
      } catch {
        // The listener's `error` method throws, too: nobody is left to be told.
      }
    }
  };

  return {
    get pending() {
      return pending;
    },
    accept(count) {
      accepted += count;
      pending += count;
    },
    deliver(count) {
      if (count === 0) return;
      pending -= count;
      delivered += count;
      tell(() => listener.delivered(count));
    },
    reject(count, reason) {
      if (count === 0) return;
      rejected += count;
      blame(count, reason);
      tell(() => listener.dropped(count, reason));
    },
    drop(count, reason) {
      if (count === 0) return;
      dropped += count;
      blame(count, reason);
      tell(() => listener.dropped(count, reason));
    },
    spool(count) {
      pending -= count;
      spooled += count;
    },
    error(error) {
      tell(() => listener.error(error));
    },
    recovered(message) {
      tell(() => listener.recovered(message));
    },
    read: () => ({ accepted, delivered, pending, spooled, rejected, dropped, reasons: { ...reasons } }),
  };
}
