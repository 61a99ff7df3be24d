/** Speaks to Redis: the stream of a project, in which each entry is a commit of events of one process. */
import type { StorageHealth } from '../../../delivery/storage-health.js';
import type { OutboxCore } from '../../../delivery/queue-backend.js';
import { decodeLines, encodeLines, type SerialisedEvent } from '../../../delivery/payload.js';
import { MAX_AGE } from '../../../delivery/queued-event.js';
import type { TimerGroup } from '../../../utils/node/timers.js';
import type { RunScript, Script } from '../client.js';
import { APPEND, ERASE, READ, RELEASE, RENEW, ACKNOWLEDGE, SIZE } from './scripts.js';

/** The options that all parts of the outbox share. */
export interface StreamPart {
  readonly core: OutboxCore;
  readonly timers: TimerGroup;
  readonly health: StorageHealth;
  /** Returns undefined until the project is known. */
  readonly stream: () => RedisStream | undefined;
  /** Milliseconds that Redis may take for an answer before it counts as failing. */
  readonly answerLimit: number;
}

/** An entry of the stream: the events that one process appended at once. */
export interface StoredCommit {
  readonly id: string;
  /** The process that appended it, and the number that this process gave it. */
  readonly producer: string;
  readonly number: number;
  /** When the first of its events was accepted, in milliseconds since the epoch. */
  readonly at: number;
  readonly size: number;
  /** undefined for an event that can't be read. */
  readonly events: readonly (SerialisedEvent | undefined)[];
}

export interface StreamState {
  /** Changes if Redis loses its data. Empty if nobody has read since. */
  readonly identity: string;
  /** True for a commit that is not in the stream any more. */
  readonly isGone: (id: string) => boolean;
  /** Bytes of all commits in the stream. */
  readonly bytes: number;
  /** The id of the last commit that was appended. */
  readonly last: string;
  /** The time by the clock of Redis, in milliseconds. */
  readonly now: number;
}

/** A visitor was erased: their events in commits up to this one are not to be sent. */
export interface ErasedVisitor {
  readonly hash: string;
  readonly upTo: string;
  /** Greater than the serials of all erasures before. */
  readonly serial: number;
}

export interface ReadOptions {
  /** Commits are read up to the one with which there are so many, or so many bytes. */
  readonly most: { readonly count: number; readonly bytes: number };
  /** The identity that this Redis gets if it has none. */
  readonly identity: string;
  /**
   * Commits that were given to this process after this one are read again: an answer may have been lost, or the
   * client may have asked twice.
   */
  readonly after: string;
  /** Takes over commits of processes that were silent for so long, from this id on, until this time of Redis. */
  readonly stale: { milliseconds: number; from: string; until: number } | undefined;
  /** Ranges of ids: does Redis still have a commit of this process in them? */
  readonly ranges: readonly { start: string; end: string }[];
  /** The serial of the last erasure that this process has heard of. */
  readonly erasedSince: number;
}

export interface ReadAnswer extends StreamState {
  readonly commits: readonly StoredCommit[];
  /** The id from which on to look for more commits of silent processes, if there may be some. */
  readonly next: string | undefined;
  /** Indexes of the ranges that are empty. */
  readonly empty: readonly number[];
  /** Erasures since `erasedSince`. */
  readonly erased: readonly ErasedVisitor[];
}

export interface StreamOptions {
  readonly prefix: string;
  /** `<account>-<project>` */
  readonly project: string;
  /** The name of this process, which no other process ever has. */
  readonly producer: string;
}

/** Bytes of an entry beside its events. */
const ENTRY_BYTES = 150;
/** Milliseconds for which an answer that was lost can be asked for again. */
const REMEMBER = 60 * 60 * 1000;
/** Milliseconds after which Redis drops the name of a consumer without commits. */
const LONG_GONE = 60 * 60 * 1000;
/** The id before all commits. */
export const BEGIN = '0-0';
/** Milliseconds. A commit that seems to have been idle for so long was given up by its process. */
export const GIVEN_UP = 30 * 24 * 60 * 60 * 1000;

export class RedisStream {
  readonly #keys: readonly [events: string, bytes: string, identity: string, forgotten: string];
  readonly #last: string;
  readonly #producer: string;

  constructor(
    private readonly run: RunScript,
    { prefix, project, producer }: StreamOptions,
  ) {
    const key = (name: string): string => `${prefix}:{${project}}:${name}`;
    this.#keys = [key('events'), key('bytes'), key('identity'), key('forgotten')];
    this.#last = key(`last:${producer}`);
    this.#producer = producer;
  }

  /**
   * Appends events; if Redis has them already under this number, returns that commit. `previous` is the number of the
   * last commit of this process that Redis knew before, undefined for none; `last` is the id of the last commit of
   * all.
   */
  async append(
    number: number,
    at: number,
    events: readonly SerialisedEvent[],
  ): Promise<{ id: string; size: number; bytes: number; previous: number | undefined; last: string }> {
    const lines = encodeLines(events);
    const size = Buffer.byteLength(lines) + ENTRY_BYTES;
    const fields = { from: this.#producer, number, at, size, count: events.length, events: lines };
    const values = [number, REMEMBER, size, ...Object.entries(fields).flat()];
    const [stream, bytes] = this.#keys;
    const answer = await this.run(APPEND, [stream, bytes, this.#last], values.map(String));
    const [id, total, previous, last] = Array.isArray(answer) ? (answer as unknown[]).map(String) : [];
    if (id === undefined || last === undefined || !ID.test(id)) throw unexpected();
    return { id, size, bytes: Number(total), previous: previous === '' ? undefined : Number(previous), last };
  }

  async read({ most, identity, after, stale, ranges, erasedSince }: ReadOptions): Promise<ReadAnswer> {
    const answer = (await this.#ask(READ, [
      ...[this.#producer, most.count, most.bytes, identity, LONG_GONE, after],
      ...(stale === undefined ? ['', '', ''] : [stale.milliseconds, stale.from, stale.until]),
      erasedSince,
      ...ranges.flatMap(({ start, end }) => [start, end]),
    ])) as [...StateAnswer, [string, string[]][], string, string[], string[]];
    const [, , , , , entries, next, empty, erased] = answer;
    return {
      ...stateOf(answer),
      commits: entries.map(([id, fields]) => commitOf(id, fields)),
      next: next === '' ? undefined : next,
      empty: empty.map(Number),
      erased: erasuresOf(erased),
    };
  }

  /** These commits are finalized: Redis deletes them. */
  async acknowledge(commits: readonly { id: string; size: number }[]): Promise<StreamState> {
    const values = commits.flatMap(({ id, size }) => [id, size]);
    return stateOf((await this.#ask(ACKNOWLEDGE, values)) as StateAnswer);
  }

  /**
   * Says that this process is alive, and asks which of these commits another process has, which are not in Redis any
   * more, and which visitors were erased since.
   */
  async renew(
    ids: readonly string[],
    erasedSince: number,
  ): Promise<{ identity: string; theirs: string[]; gone: string[]; erased: readonly ErasedVisitor[] }> {
    const answer = await this.#ask(RENEW, [this.#producer, erasedSince, ...ids]);
    const [identity, theirs, gone, erased] = answer as [string, string[], string[], string[]];
    return { identity, theirs, gone, erased: erasuresOf(erased) };
  }

  /** Tells all processes that visitors of these hashes are erased. Returns the id of the last commit before. */
  async erase(hashes: readonly string[], most: number): Promise<string> {
    const upTo = String(await this.#ask(ERASE, [MAX_AGE, most, ...hashes]));
    if (!ID.test(upTo)) throw unexpected();
    return upTo;
  }

  /** Any other process may take the commits of this one that are not finalized. */
  async release(): Promise<void> {
    await this.#ask(RELEASE, [this.#producer, GIVEN_UP]);
  }

  async size(): Promise<number> {
    return Number(await this.#ask(SIZE, []));
  }

  async #ask(script: Script, values: readonly (string | number)[]): Promise<unknown> {
    const answer = await this.run(script, this.#keys, values.map(String));
    if (answer === undefined || answer === null) throw unexpected();
    return answer;
  }
}

const ID = /^\d+-\d+$/;

/** The client is no Redis client, or something between it and Redis changes answers. */
function unexpected(): Error {
  return Object.assign(new Error('Redis answered something else'), { code: 'EUNEXPECTED' });
}

type StateAnswer = [identity: string, first: string, last: string, bytes: string, now: string];

function stateOf([identity, first, last, bytes, now]: readonly [...StateAnswer, ...unknown[]]): StreamState {
  const isGone = (id: string): boolean =>
    first === '' ? compareIds(id, last) <= 0 : compareIds(id, first) < 0;
  return { identity, isGone, bytes: Number(bytes), last, now: Number(now) };
}

/** The answer holds, for each erasure, hash and id in one text, and the serial. */
function erasuresOf(answer: readonly string[]): ErasedVisitor[] {
  const found: ErasedVisitor[] = [];
  for (let index = 0; index + 1 < answer.length; index += 2) {
    const [hash = '', upTo = ''] = String(answer[index]).split(' ');
    if (ID.test(upTo)) found.push({ hash, upTo, serial: Number(answer[index + 1]) });
  }
  return found;
}

/** Any entry is read as a commit, if need be as one without events. */
function commitOf(id: string, fields: readonly string[]): StoredCommit {
  const values = new Map<string, string>();
  for (let index = 0; index + 1 < fields.length; index += 2) values.set(fields[index]!, fields[index + 1]!);
  const number = (name: string): number => Number(values.get(name) ?? 0) || 0;
  const events = decodeLines(values.get('events') ?? '');
  const missing = Math.max(0, Math.min(MAX_COUNT, number('count')) - events.length);
  return {
    id,
    producer: values.get('from') ?? '',
    number: number('number'),
    at: number('at'),
    size: number('size'),
    events: [...events, ...new Array<undefined>(missing).fill(undefined)],
  };
}

/** More events than any of our commits has. */
const MAX_COUNT = 10_000;

/** An id is milliseconds and a number, which may be too large for one number together. */
function partsOf(id: string): [number, number] {
  const [milliseconds, number] = id.split('-').map(Number);
  return [milliseconds ?? 0, number ?? 0];
}

/** Returns a number below zero if the first id is older. */
export function compareIds(one: string, other: string): number {
  const [first, second] = [partsOf(one), partsOf(other)];
  return first[0] - second[0] || first[1] - second[1];
}
