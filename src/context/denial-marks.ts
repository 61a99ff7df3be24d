/**
 * Remembers that a carried visitor has denied consent, or was forgotten. Their state is deleted, and an order that is
 * paid later may still bring the grant that they gave before: what is left behind is a hash of their store key, and the
 * time.
 */
import { CARRIED_FOR } from '../identity/carried-visitor.js';
import type { ProjectConfig } from '../model/project-config.js';
import { denialKey } from '../model/store-key.js';
import type { VisitorState } from '../model/visitor-state/types.js';
import { wasCarried } from './carry.js';
import type { Runtime } from './runtime.js';

/** The mark lives as long as texts from before the denial may come. A store that knows no ages keeps it longer. */
const AS_A_NOTE = { ephemeral: false, age: CARRIED_FOR };

type Parts = Pick<Runtime, 'store' | 'keyHashes' | 'now'>;

/** Leaves the mark of a visitor whose state is about to be deleted, if texts may be under way that carry them. */
export async function markDenial(
  { store, keyHashes, now }: Parts,
  config: ProjectConfig,
  storeKey: string,
  state: VisitorState,
): Promise<void> {
  const at = now();
  if (!wasCarried(state, at)) return;
  const [hash] = keyHashes(storeKey);
  await store.commit(denialKey(config, hash), { consent: 'denied', deniedAt: at }, AS_A_NOTE);
}

/**
 * Returns when the visitor of one of these keys last denied consent or was forgotten, in milliseconds since the epoch;
 * undefined if they did not within 30 days, or if no text carried them then. Rejects if the store fails.
 */
export async function lastDenial(
  { store, keyHashes, now }: Parts,
  config: ProjectConfig,
  storeKeys: readonly string[],
): Promise<number | undefined> {
  // A mark that was left before a rotation of the secrets has the hash of another one.
  const keys = storeKeys.flatMap((key) => keyHashes(key)).map((hash) => denialKey(config, hash));
  const found = await Promise.all(
    keys.map(async (key) => {
      const { deniedAt } = (await store.read(key, { prolongs: false })) ?? {};
      if (deniedAt === undefined || now() - deniedAt < CARRIED_FOR) return deniedAt;
      await store.delete(key);
      return undefined;
    }),
  );
  return found.reduce((last, each) => (last === undefined || (each ?? 0) > last ? each : last), undefined);
}
