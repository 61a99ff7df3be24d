/** A visitor store and an outbox that write down each call as a line of text. */
import {
  memoryStore,
  type CommitOptions,
  type Committed,
  type MemoryStore,
  type Outbox,
  type OutboxFactory,
  type StateChange,
  type VisitorState,
} from '../../src/index.js';

/** Writes one line about an aspect. */
export type Log = (aspect: string, line: string) => void;

type VisitorEvent = Parameters<Outbox['offer']>[0][number];

/** Fields stand in alphabetical order, so that the text is the same however an object was put together. */
export function sortedJson(value: unknown): string {
  return (
    JSON.stringify(value, (_, each: unknown) =>
      typeof each === 'object' && each !== null && !Array.isArray(each)
        ? Object.fromEntries(Object.entries(each).sort(([one], [other]) => (one < other ? -1 : 1)))
        : each,
    ) ?? 'undefined'
  );
}

/** None of the functions has a `this`, so that a test may replace some of them. */
export interface RecordingStore {
  readonly remote: false;
  readonly read: (key: string) => VisitorState | undefined;
  readonly commit: (key: string, change: StateChange, options: CommitOptions) => Committed;
  readonly delete: (key: string) => void;
}

/** Writes down each call, and passes it on to `memory`, which a test may fill before. */
export function recordingStore(log: Log, memory: MemoryStore = memoryStore()): RecordingStore {
  const said = new Map<string, string>();
  const say = (key: string, state: VisitorState | undefined): string => {
    const text = state === undefined ? 'nothing' : sortedJson(state);
    said.set(key, text);
    return text;
  };
  /** Says what a commit knows of the stored state; `as told` is the last answer of this store. */
  const knownText = (key: string, known: VisitorState | null | undefined): string => {
    if (known === undefined) return 'unknown';
    const text = known === null ? 'nothing' : sortedJson(known);
    return text === said.get(key) ? 'as told' : text;
  };
  return {
    remote: false,
    read: (key) => {
      const state = memory.read(key);
      log('store', `read ${key}: ${say(key, state)}`);
      return state;
    },
    commit: (key, change, options) => {
      const { ephemeral, first = false, known } = options;
      const how = `${ephemeral ? 'ephemeral' : 'lasting'}${first ? ', first' : ''}`;
      log('store', `commit ${key}: ${sortedJson(change)} (${how}, known: ${knownText(key, known)})`);
      const committed = memory.commit(key, change, options);
      say(key, committed.state);
      return committed;
    },
    delete: (key) => {
      log('store', `delete ${key}`);
      memory.delete(key);
    },
  };
}

export interface RecordingOutboxOptions {
  /** The outbox is full and takes no event. Default false. */
  refuses?: boolean;
  /** Events outlive the process, and count as stored from the next flush on. Default false. */
  outlives?: boolean;
}

const NO_EVENTS = { accepted: 0, delivered: 0, pending: 0, spooled: 0, rejected: 0, dropped: 0, reasons: {} };
const IDLE = {
  ...NO_EVENTS,
  queueBytes: 0,
  volatile: 0,
  oldestAge: 0,
  breaker: 'closed',
  posts: 0,
  retries: 0,
  lastError: undefined,
} as const;

/** Sends nothing, and writes down which events it is offered, may send and has to drop. */
export function recordingOutbox(
  log: Log,
  { refuses = false, outlives = false }: RecordingOutboxOptions = {},
): OutboxFactory {
  const stored: (() => void)[] = [];
  const confirmStored = async (): Promise<typeof NO_EVENTS> => {
    for (const kept of stored.splice(0)) kept();
    return NO_EVENTS;
  };
  return () => ({
    outlives,
    offer(events) {
      for (const each of events) log('events', `offered ${eventText(each)}`);
      return {
        refused: new Set(refuses ? events : []),
        confirm(lost, kept) {
          if (kept !== undefined) stored.push(kept);
          for (const each of lost ?? []) log('events', `claim lost of ${eventText(each)}`);
          log('events', `confirmed ${events.length - (lost?.size ?? 0)} of ${events.length}`);
        },
      };
    },
    drop(count, reason) {
      // Contexts may drop none of no events.
      if (count > 0) log('events', `dropped ${count}: ${reason}`);
    },
    forget: (visitorIds) => log('events', `forgotten: those of ${visitorIds.join(', ')}`),
    ledger: () => NO_EVENTS,
    stats: () => IDLE,
    flush: confirmStored,
    close: confirmStored,
  });
}

function eventText({ visitorId, segments, event }: VisitorEvent): string {
  return `${event.eventType} ${sortedJson(event.data)} of ${visitorId} in ${sortedJson(segments ?? {})}`;
}
