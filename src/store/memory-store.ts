/** Visitor state in the memory of this process: the default store. */
import { assertOptions, between, shape } from '../options-check.js';
import { applyChange, type Committed, type StateChange, type VisitorState } from '../state.js';
import { firstStates } from './first-states.js';
import { Lane, Recent } from './recent.js';
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

const NOTHING_LOST: ReadonlySet<string> = new Set();

/** Visitor state in memory: lost with the process, not shared between processes. */
export function memoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  assertOptions(MEMORY_STORE_OPTIONS, options);
  const { max = 100_000, ephemeralAge = 30 * 60 * 1000 } = options;
  const visitors = new Recent<VisitorState>();
  const established = new Lane<VisitorState>({ max });
  const ephemeral = new Lane<VisitorState>({ max, age: ephemeralAge });

  const firstState = firstStates();

  const merged = (state: VisitorState | undefined, change: StateChange): Committed => {
    const shared = state === undefined ? firstState(change) : undefined;
    return shared === undefined ? applyChange(state ?? {}, change) : { state: shared, lost: NOTHING_LOST };
  };

  return {
    remote: false,
    get size() {
      return visitors.size;
    },
    read(key) {
      const visitor = visitors.find(key);
      if (visitor === undefined) return undefined;
      // Only an id that came back is read.
      visitors.use(visitor, established);
      return visitor.value;
    },
    commit(key, change, { ephemeral: isEphemeral }) {
      const visitor = visitors.find(key);
      const committed = merged(visitor?.value, change);
      if (visitor === undefined) {
        visitors.add(key, committed.state, isEphemeral ? ephemeral : established);
        return committed;
      }
      visitor.value = committed.state;
      visitors.use(visitor, isEphemeral && visitor.lane === ephemeral ? ephemeral : established);
      return committed;
    },
    delete(key) {
      const visitor = visitors.find(key);
      if (visitor !== undefined) visitors.remove(visitor);
    },
  };
}
