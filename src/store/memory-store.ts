/** Keeps visitor state in the memory of this process: the default store. */
import { applyChange } from '../model/visitor-state/apply-change.js';
import type { Committed, StateChange, VisitorState } from '../model/visitor-state/types.js';
import { LruMap } from '../utils/lru-map.js';
import { assertOptions, between, shape } from '../utils/option-checks.js';
import { GenerationalMap } from './generational-map.js';
import type { CommitOptions, ReadOptions, VisitorStore } from './types.js';
import { asObject, NOTHING } from '../utils/objects.js';

/** Options of `memoryStore()`. */
export interface MemoryStoreOptions {
  /**
   * The most visitors that are remembered. The visitors who were not seen for longest are dropped first. As many
   * visitors again are remembered whose id was generated, or brought for the first time, and has not come back yet, so
   * that a flood of clients without cookies, or with made-up ones, drops no other visitor. Default 100,000.
   */
  max?: number;
  /**
   * Milliseconds for which a visitor is remembered whose generated id has not come back. Default 1800000 (30 minutes).
   */
  ephemeralAge?: number;
}

export interface MemoryStore extends VisitorStore {
  readonly remote: false;
  /** The number of visitors that are remembered now. */
  readonly size: number;
  read(key: string, options?: ReadOptions): VisitorState | undefined;
  commit(key: string, change: StateChange, options: CommitOptions): Committed;
  delete(key: string): void;
}

const MEMORY_STORE_OPTIONS = shape({
  max: between(1, 10_000_000, 'visitors'),
  ephemeralAge: between(1, 2 ** 31 - 1, 'milliseconds'),
});

const NOTHING_LOST: ReadonlySet<string> = new Set();

/**
 * Makes a store that keeps visitor state in memory. The state is lost with the process, and processes do not share it.
 *
 * @throws ConvertError `CONVERT_BAD_OPTION`
 */
export function memoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  assertOptions(MEMORY_STORE_OPTIONS, options);
  const { max = 100_000, ephemeralAge = 30 * 60 * 1000 } = asObject(options);
  const established = new LruMap<VisitorState>({ max });
  const ephemeral = new GenerationalMap<VisitorState>({ max, age: ephemeralAge });
  const aged = new AgedStates(max);

  const sharedState = sharedStates();

  const merge = (state: VisitorState | undefined, change: StateChange): Committed => {
    const shared = state === undefined ? sharedState(change) : undefined;
    return shared === undefined ? applyChange(state ?? {}, change) : { state: shared, lost: NOTHING_LOST };
  };

  return {
    remote: false,
    get size() {
      return established.size + ephemeral.size + aged.size;
    },
    read(key, { prolongs = true } = NOTHING) {
      const visitor = established.find(key);
      if (!prolongs) return visitor?.value ?? ephemeral.get(key) ?? aged.get(key);
      if (visitor !== undefined) {
        established.use(visitor);
        return visitor.value;
      }
      // Stores are read only for ids that a request brings: this visitor has come back.
      const state = ephemeral.take(key);
      if (state === undefined) return aged.get(key);
      established.add(key, state);
      return state;
    },
    commit(key, change, { ephemeral: isEphemeral, first: isFirst = false, age }) {
      if (age !== undefined) {
        const committed = merge(aged.get(key), change);
        aged.set(key, committed.state, age);
        return committed;
      }
      const visitor = established.find(key);
      if (visitor !== undefined) {
        const committed = merge(visitor.value, change);
        visitor.value = committed.state;
        established.use(visitor);
        return committed;
      }
      const committed = merge(isFirst ? undefined : ephemeral.take(key), change);
      (isEphemeral ? ephemeral : established).add(key, committed.state);
      return committed;
    },
    delete(key) {
      established.delete(key);
      ephemeral.take(key);
      aged.delete(key);
    },
  };
}

/** States that live for the time that their commit gave, whether they are read or not. */
class AgedStates {
  /** The state that was committed last is the last one. `until` is a time by `performance.now()`. */
  readonly #states = new Map<string, { readonly state: VisitorState; readonly until: number }>();

  constructor(private readonly max: number) {}

  get size(): number {
    return this.#states.size;
  }

  get(key: string): VisitorState | undefined {
    const found = this.#states.get(key);
    return found !== undefined && found.until > performance.now() ? found.state : undefined;
  }

  /** Removes those at the front whose time is over, and the oldest ones if there are more than `max`. */
  set(key: string, state: VisitorState, age: number): void {
    const now = performance.now();
    this.#states.delete(key);
    this.#states.set(key, { state, until: now + age });
    for (const [oldest, { until }] of this.#states) {
      if (until > now && this.#states.size <= this.max) return;
      this.#states.delete(oldest);
    }
  }

  delete(key: string): void {
    this.#states.delete(key);
  }
}

/** The most shared states with the same claims: they differ in the locations of the pages. */
const MAX_STATES = 32;

/**
 * Returns a function that gives the state which a first change makes for a visitor of whom nothing is stored; undefined
 * if that state is not shared.
 *
 * There are only as many first states as variations and pages, and nearly all visitors have such a state. So each one
 * is held once and shared: a new visitor costs no more than a key (bench/heap: new visitors).
 */
export function sharedStates(): (change: StateChange) => VisitorState | undefined {
  // The claims are the key of the map: the engine gives the same frozen object to all visitors.
  const known = new WeakMap<object, VisitorState[]>();
  return (change) => {
    const { claims, locations } = change;
    if (claims === undefined || !isShareable(change)) return undefined;
    let states = known.get(claims);
    if (states === undefined) {
      if (!Object.isFrozen(claims)) return undefined;
      known.set(claims, (states = []));
    }
    for (const state of states) if (isSame(state.locations, locations)) return state;
    if (states.length === MAX_STATES) return undefined;
    const { state } = applyChange({}, change);
    Object.freeze(state.bucketing);
    Object.freeze(state.locations);
    states.push(Object.freeze(state));
    return state;
  };
}

const SHAREABLE: readonly string[] = ['claims', 'locations', 'maxBytes'];

/** True if the change has no fields but these. Other fields differ from visitor to visitor. */
function isShareable(change: StateChange): boolean {
  for (const field of Object.keys(change)) if (!SHAREABLE.includes(field)) return false;
  return true;
}

function isSame(one: readonly string[] | undefined, other: readonly string[] | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.length === other.length && one.every((each, index) => each === other[index]);
}
