/** Bounds the bytes of a visitor's state, so that one visitor fills neither the memory nor a store. */
import { SEGMENT_KEYS } from '../tracking-event.js';
import type { VisitorState } from './types.js';

/** The most bytes of a visitor's state as JSON, unless the option `maxStateBytes` says otherwise. */
export const MAX_STATE_BYTES = 64 * 1024;

export interface Trimmed {
  /** The number of properties and transactions that were dropped. */
  values: number;
  /** The number of deferred events that were dropped. */
  events: number;
}

/** A part of a state that may be dropped. */
interface Part {
  readonly bytes: number;
  readonly drop: (trimmed: Trimmed) => void;
}

/**
 * Drops parts of `state`, which is modified, until it has no more than `maxBytes` bytes: first parts that are larger
 * than that by themselves, then custom properties, deferred changes with their events, and transactions, of each the
 * oldest first. Variations, goals, segments and consent stay, whatever they take: there are only as many as the project
 * has. Returns undefined if nothing was dropped.
 */
export function boundState(state: VisitorState, maxBytes: number): Trimmed | undefined {
  let excess = bytesOf(state, maxBytes) - maxBytes;
  if (excess <= 0) return undefined;
  const trimmed: Trimmed = { values: 0, events: 0 };
  const parts = [...properties(state), ...deferred(state), ...transactions(state)];
  const isHuge = ({ bytes }: Part): boolean => bytes > maxBytes;
  for (const { bytes, drop } of [...parts.filter(isHuge), ...parts.filter((part) => !isHuge(part))]) {
    if (excess <= 0) break;
    excess -= bytes;
    drop(trimmed);
  }
  return trimmed.values + trimmed.events > 0 ? trimmed : undefined;
}

/** The segments that the project knows, and that Convert's reports are filtered by, are no custom properties. */
const KEPT: ReadonlySet<string> = new Set(SEGMENT_KEYS);

function* properties(state: VisitorState): Iterable<Part> {
  if (state.segments === undefined) return;
  const segments = (state.segments = { ...state.segments });
  for (const [key, value] of Object.entries(segments)) {
    if (KEPT.has(key)) continue;
    yield {
      bytes: bytesOf({ [key]: value }),
      drop(trimmed) {
        Reflect.deleteProperty(segments, key);
        trimmed.values += 1;
      },
    };
  }
}

function* deferred(state: VisitorState): Iterable<Part> {
  for (const entry of state.held ?? []) {
    yield {
      bytes: bytesOf(entry),
      drop(trimmed) {
        state.held = state.held?.filter((each) => each !== entry);
        trimmed.events += entry.events.length;
      },
    };
  }
}

function* transactions(state: VisitorState): Iterable<Part> {
  if (state.transactions === undefined) return;
  const all = (state.transactions = { ...state.transactions });
  const most = Math.max(0, ...Object.values(all).map((ids) => ids.length));
  // How old a transaction is compared with one of another goal is not known: of each goal, the oldest goes in turn.
  for (let index = 0; index < most; index++) {
    for (const [goalKey, ids] of Object.entries(all)) {
      const id = ids[index];
      if (id === undefined) continue;
      yield {
        bytes: bytesOf(id),
        drop(trimmed) {
          all[goalKey] = all[goalKey]!.filter((each) => each !== id);
          trimmed.values += 1;
        },
      };
    }
  }
}

/**
 * The bytes of a value as JSON in UTF-8. If it is certain that there are fewer than `enough`, any lower number may be
 * returned. What JSON can not hold counts as nothing.
 */
function bytesOf(value: unknown, enough = 0): number {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    // A store in memory keeps anything.
  }
  if (text === undefined) return 0;
  // A UTF-16 code unit takes three bytes at most.
  return text.length * 3 < enough ? text.length : new TextEncoder().encode(text).length;
}
