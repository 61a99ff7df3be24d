/** Makes a visitor store of any data store of the official SDK's kind (`get`, `set`), synchronous or not. */
import { applyChange, isRevocation, leaveAlone } from '../model/visitor-state/apply-change.js';
import { documentOf, parseState } from '../model/visitor-state/parse-state.js';
import { problemOf } from '../model/visitor-state/state-problem.js';
import type { Committed, VisitorState } from '../model/visitor-state/types.js';
import { isThenable } from '../utils/objects.js';
import { asConvertError } from '../utils/errors.js';
import { KeyedQueue } from './keyed-queue.js';
import { type SdkDataStore, STORE_LIMIT, type VisitorStore, withStoreTimeout } from './types.js';

/**
 * Makes the visitor store. The first write wins within this process only: `get` and `set` are two steps, so two
 * processes can overwrite each other. Commits of this process to one key wait for each other, 5 s at most.
 */
export function sdkStore(store: SdkDataStore): VisitorStore {
  const queue = new KeyedQueue<unknown>(STORE_LIMIT);

  const read = (key: string): VisitorState | undefined | Promise<VisitorState | undefined> => {
    const value = store.get(key);
    return isThenable(value) ? Promise.resolve(value).then(parseState) : parseState(value);
  };

  const enqueue = <T>(key: string, work: () => Promise<T>): Promise<T> =>
    queue.run(key, () => withStoreTimeout(STORE_LIMIT, work())) as Promise<T>;

  return {
    remote: true,
    // A reader waits for the commits of this process that are under way.
    read: (key) => queue.underWay(key)?.then(() => read(key)) ?? read(key),
    commit(key, change) {
      return enqueue(key, async (): Promise<Committed> => {
        try {
          const stored = (await read(key)) ?? {};
          if (problemOf(stored) === 'unknownFormat') {
            if (isRevocation(change)) await store.set(key, {});
            return leaveAlone(stored, change);
          }
          const committed = applyChange(stored, change);
          await store.set(key, documentOf(committed.state));
          return committed;
        } catch (error) {
          throw asConvertError(error, 'CONVERT_STORE', 'the data store failed to write');
        }
      });
    },
    delete(key) {
      // The official SDK's interface has no way to delete, so an empty state is stored.
      return enqueue(key, async () => {
        await store.set(key, {});
      });
    },
  };
}
