/** What the log says, once, of events that an operator should not lose without knowing. */
import type { DropReason } from './types.js';

export const LOSSES: Readonly<Partial<Record<DropReason, string>>> = {
  overflow:
    'the outbox is full, so events are refused, exposures first: the tracking endpoint is down or slower than they ' +
    'come; see stats().delivery, and raise `delivery.maxQueueBytes` (or `maxBytes` of the spool)',
  'too-large': 'an event of over 32 KiB was dropped: shorten its visitor id, segments or conversion data',
  'bad-data': 'an event was dropped that JSON can not hold, or that Convert would not take',
  expired: 'events were dropped that were over 72 hours old before they could be delivered',
  corrupt: 'stored events were dropped that can not be read any more',
};
