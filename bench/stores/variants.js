/** What the bench of the stores compares. */
import { setImmediate as turn } from 'node:timers/promises';
import { hasRedis, startRedis } from '../support/redis.js';

const redis = (title, id, options) => ({
  id,
  title,
  needs: { what: 'redis-server', isThere: hasRedis },
  /** Loaded only here: other variants are measured without a client of Redis. */
  async open(folder, count) {
    const { redisStore } = await import('convert-middleware/redis');
    const client = await startRedis(folder);
    const counted = {
      evalsha: (...given) => (count(), client.evalsha(...given)),
      eval: (...given) => (count(), client.eval(...given)),
    };
    return { store: redisStore(counted), ...options };
  },
});

/** As an app would write it, over a network: an answer comes in another turn of the loop, and as text. */
function sdkDataStore() {
  const kept = new Map();
  return {
    async get(key) {
      await turn();
      const text = kept.get(key);
      return text === undefined ? null : JSON.parse(text);
    },
    async set(key, value) {
      await turn();
      kept.set(key, JSON.stringify(value));
    },
  };
}

/**
 * What LMDB itself takes of a request that writes: nothing is compared, merged or awaited. As often a transaction as
 * ours.
 */
async function barePut(folder) {
  const [{ open }, { memoryStore }] = await Promise.all([import('lmdb'), import('convert-middleware')]);
  const database = open({ path: folder, encoding: 'string', eventTurnBatching: false, commitDelay: 25 });
  const store = memoryStore();
  return {
    store: {
      ...store,
      commit(key, change, options) {
        const committed = store.commit(key, change, options);
        void database.put(key, JSON.stringify(committed.state));
        return committed;
      },
    },
  };
}

/**
 * The parent reads the titles, each child the rest of its own line.
 *
 * - `open(folder, count)`: options of Convert; `folder` is the variant's own, `count()` is called once per round trip
 * - `keeps`: the name of a cookie that returning visitors must have been given, besides that of their id
 * - `needs`: left out where it is not there
 *
 * The first one is what the others are compared with, the second one is the same again (A/A).
 */
const ALL = [
  { id: 'memory', title: 'in memory', open: () => ({}) },
  { id: 'memory-again', title: 'in memory again (A/A)', open: () => ({}) },
  {
    id: 'cookie',
    title: 'in memory, assignmentCookie',
    keeps: 'cv_asg',
    open: () => ({ assignmentCookie: true, secrets: ['bench-bench-bench-bench-bench-bench'] }),
  },
  {
    id: 'lmdb',
    title: 'LMDB',
    async open(folder) {
      const { lmdbStore } = await import('convert-middleware/lmdb');
      return { store: lmdbStore(folder) };
    },
  },
  {
    id: 'lmdb-put',
    title: 'in memory, and a bare put of LMDB',
    open: barePut,
  },
  redis('Redis', 'redis', {}),
  redis('Redis, storeCache: false', 'redis-uncached', { storeCache: false }),
  {
    id: 'sdk',
    title: 'async get and set, storeCache: false',
    open: () => ({ store: sdkDataStore(), storeCache: false }),
  },
];

/** Those that can be measured here. */
export const VARIANTS = ALL.filter(({ needs }) => needs?.isThere() ?? true);
/** Titles of the others, and what they need. */
export const LEFT_OUT = ALL.filter((variant) => !VARIANTS.includes(variant)).map(
  ({ title, needs }) => `${title} (needs ${needs.what})`,
);
