/** What the delivery bench compares. */
import { hasRedis, redisDelivery } from '../support/redis.js';

/**
 * The ways to deliver that are compared: the parent reads the titles, each child the rest of its own line.
 *
 * - `app`: of the frameworks in http/; without one, it has no row in the table of apps
 * - `delivery(folder)`: the option of that name, or a promise of it; `folder` is the variant's own, made anew for each
 *   run and removed afterwards. Who has it also has a row in the table of enqueueing.
 * - `every`: takes part in every so-manieth round only; `size`, `runUp`, `limit`: of its blocks. For slow ones
 * - `needs`: left out where it is not there
 *
 * The first one is what the others are compared with, the second one is the same again (A/A).
 */
const ALL = [
  { id: 'memory', title: 'ours, in memory', app: 'decide', delivery: () => ({}) },
  { id: 'memory-again', title: 'ours, in memory again (A/A)', app: 'decide', delivery: () => ({}) },
  { id: 'spool', title: 'ours, spooled', app: 'decide', delivery: (folder) => ({ spool: folder }) },
  {
    id: 'redis',
    title: 'ours, on Redis',
    app: 'decide',
    needs: { what: 'redis-server', isThere: hasRedis },
    delivery: redisDelivery,
  },
  // What the rows of outboxes have in common: the decision before it, and the commit.
  { id: 'nothing', title: 'an outbox that does nothing', delivery: () => ({ outbox: outboxOfNothing }) },
  { id: 'sdk', title: 'official SDK, as documented', app: 'handwritten', every: 3 },
  // Every flush sends again what others have on their way: kept to a few small blocks.
  {
    id: 'sdk-flush',
    title: 'official SDK, flush on finish',
    app: 'flushing',
    every: 8,
    size: 250,
    runUp: 50,
    limit: 4_000,
  },
];

/** For `delivery.outbox`: takes every event, and has delivered it. */
function outboxOfNothing() {
  let accepted = 0;
  const ledger = () => ({
    accepted,
    delivered: accepted,
    pending: 0,
    spooled: 0,
    rejected: 0,
    dropped: 0,
    reasons: {},
  });
  const offer = ({ length }) => ({
    refused: new Set(),
    confirm(lost, kept) {
      accepted += length;
      kept?.();
    },
  });
  const done = async () => ledger();
  return { offer, drop() {}, ledger, stats: ledger, flush: done, close: done };
}

/** Those that can be measured here. */
export const VARIANTS = ALL.filter(({ needs }) => needs?.isThere() ?? true);
/** Those of this package, each once: two builds are compared in them. */
export const OURS = VARIANTS.filter(({ id }) => ['memory', 'spool', 'redis'].includes(id));
/** Titles of the others, and what they need. */
export const LEFT_OUT = ALL.filter((variant) => !VARIANTS.includes(variant)).map(
  ({ title, needs }) => `${title} (needs ${needs.what})`,
);

/** Of the processes that are measured, as in the http bench. */
export const SETTINGS = ['--initial-heap-size=256', '--enable-source-maps'];
