/**
 * What a webhook costs: CPU time of the server over that of a route that only reads the body, beside a floor that no
 * implementation gets below, and the time until the answer.
 */
import { measureLanes } from './support/lanes.js';

export const name = 'webhook';
export const description = 'what counting an order costs over a bare route, beside a hand-made floor';

export const run = ({ quick } = {}) =>
  measureLanes({
    folder: new URL('./webhook/', import.meta.url),
    secret: 'the secret of the webhook',
    ours: 'conversionWebhook',
    requests: 'orders',
    note:
      'The floor: one HMAC, one JSON.parse, one hash, one event by hand. Both send one event for an\norder: each visitor ' +
      'has bought before.',
    quick,
  });
