/** Visitor state in the memory of this process: the default store. */
import { LRUCache } from 'lru-cache';
import { assertOptions, between, shape } from '../options-check.js';
import { applyChange, type Committed, type StateChange, type VisitorState } from '../state.js';
import type { VisitorStore } from './port.js';

export interface MemoryStoreOptions {
  /**
   * Visitors that are remembered at most; those not seen for longest go first. As many again may be remembered whose
   * id was only just issued and has not come back, so that a flood of clients without cookies pushes nobody out.
   * Default 100,000.
   */
  max?: number;
  /** Milliseconds for which a visitor is remembered whose id has not come back. Default 1800000 (30 minutes). */
  ephemeralAge?: number;
}

export interface MemoryStore extends VisitorStore {
  readonly remote: false;
  /** Visitors that are remembered now. */
  readonly size: number;
  read(key: string): VisitorState | undefined;
  commit(key: string, change: StateChange, options: { ephemeral: boolean }): Committed;
  delete(key: string): void;
}

const MEMORY_STORE_OPTIONS = shape({
  max: between(1, 10_000_000, 'visitors'),
  ephemeralAge: between(1, 2 ** 31 - 1, 'milliseconds'),
});

/** Visitor state in memory: lost with the process, not shared between processes. */
export function memoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  assertOptions(MEMORY_STORE_OPTIONS, options);
  const { max = 100_000, ephemeralAge = 30 * 60 * 1000 } = options;
  const established = new LRUCache<string, VisitorState>({ max });
  const ephemeral = new LRUCache<string, VisitorState>({ max, ttl: ephemeralAge });

  const find = (key: string): VisitorState | undefined => established.get(key) ?? ephemeral.get(key);

  return {
    remote: false,
    get size() {
      return ephemeral.size + established.size;
    },
    read(key) {
      const known = established.get(key);
      if (known !== undefined) return known;
      // Only an id that came back is read.
      const state = ephemeral.get(key);
      if (state !== undefined) {
        ephemeral.delete(key);
        established.set(key, state);
      }
      return state;
    },
    commit(key, change, { ephemeral: isEphemeral }) {
      const committed = applyChange(find(key) ?? {}, change);
      if (isEphemeral && !established.has(key)) {
        ephemeral.set(key, committed.state);
      } else {
        ephemeral.delete(key);
        established.set(key, committed.state);
      }
      return committed;
    },
    delete(key) {
      ephemeral.delete(key);
      established.delete(key);
    },
  };
}
