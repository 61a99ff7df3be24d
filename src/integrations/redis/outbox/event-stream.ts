/**
 * Reads and writes the stream of a project in Redis. Each entry of the stream is a commit: the events that one process
 * appended at once.
 */
import type { StorageHealth } from '../../../delivery/storage-health.js';
import type { OutboxCore } from '../../../delivery/queue-backend.js';
import { decodeLines, encodeLines, type SerialisedEvent } from '../../../delivery/payload.js';
import { MAX_AGE } from '../../../delivery/queued-event.js';
import { FORMATS, formatSuffix } from '../../../model/formats.js';
import type { TimerGroup } from '../../../utils/node/timers.js';
import type { RunScript, Script } from '../client.js';
import { APPEND, ERASE, OTHER_FORMATS, READ, RELEASE, RENEW, ACKNOWLEDGE, SIZE } from './scripts.js';

/** The options that all parts of the Redis outbox share. */
export interface StreamPart {
  readonly core: OutboxCore;
  readonly timers: TimerGroup;
  readonly health: StorageHealth;
  /** Returns the stream of the project in Redis; undefined until the project config has arrived. */
  readonly stream: () => RedisStream | undefined;
  /** Milliseconds that Redis may take for an answer before it counts as failing. */
  readonly answerLimit: number;
}

/** An entry of the stream: the events that one process appended at once. */
export interface StoredCommit {
  readonly id: string;
  /** The name of the process that appended the commit. `number` is the number that this process gave the commit. */
  readonly producer: string;
  readonly number: number;
  /** The time at which the first event of the commit was accepted, in milliseconds since the epoch. */
  readonly at: number;
  readonly size: number;
  /** The events of the commit; undefined for an event that can't be read. */
  readonly events: readonly (SerialisedEvent | undefined)[];
}

export interface StreamState {
  /**
   * The identity of the data in Redis, which is another one after Redis has lost its data. Empty if no process has read
   * since.
   */
  readonly identity: string;
  /** Returns true for the id of a commit that is not in the stream any more. */
  readonly isGone: (id: string) => boolean;
  /** Bytes of all commits in the stream. */
  readonly bytes: number;
  /** The id of the last commit that was appended. */
  readonly last: string;
  /** The time by the clock of Redis, in milliseconds since the epoch. */
  readonly now: number;
}

/**
 * The note that a visitor was erased: the visitor's events in commits up to the id `upTo` are not to be sent. `hash` is
 * the hash of the visitor's id.
 */
export interface ErasedVisitor {
  readonly hash: string;
  readonly upTo: string;
  /** A number that is greater than the serials of all earlier erasures. */
  readonly serial: number;
}

export interface ReadOptions {
  /** Reading ends with the commit with which there are so many commits, or so many bytes. */
  readonly most: { readonly count: number; readonly bytes: number };
  /** The identity that the data in Redis get if they have none. */
  readonly identity: string;
  /**
   * The id of the last commit that this process received. Commits that Redis gave to this process after it are read
   * again: the answer may have been lost, or the client may have sent the command twice.
   */
  readonly after: string;
  /**
   * Has this process take over commits of processes that have given no sign of life for so many `milliseconds`, from
   * the id `from` on. Redis does so only up to the time `until` by its own clock. If undefined, no commits are taken
   * over.
   */
  readonly stale: { milliseconds: number; from: string; until: number } | undefined;
  /** Ranges of commit ids. Redis answers which of them hold no commit of this process any more. */
  readonly ranges: readonly { start: string; end: string }[];
  /** The serial of the last erasure that this process has heard of. */
  readonly erasedSince: number;
}

export interface ReadAnswer extends StreamState {
  readonly commits: readonly StoredCommit[];
  /** The id from which to look for more commits of silent processes; undefined if there are no more. */
  readonly next: string | undefined;
  /** The indexes of those `ranges` that hold no commit of this process any more. */
  readonly empty: readonly number[];
  /** The erasures after the serial `ReadOptions.erasedSince`. */
  readonly erased: readonly ErasedVisitor[];
}

export interface StreamOptions {
  readonly prefix: string;
  /** The project as `<account id>-<project id>`. */
  readonly project: string;
  /** The name of this process, which no other process ever has. */
  readonly producer: string;
}

/** The bytes that an entry of the stream takes beside its events. */
const ENTRY_BYTES = 150;
/**
 * Milliseconds for which Redis remembers the last commit of a process, so that an append whose answer was lost can be
 * repeated.
 */
const REMEMBER = 60 * 60 * 1000;
/** Milliseconds without a sign of life after which Redis drops the name of a process that holds no commits. */
const LONG_GONE = 60 * 60 * 1000;
/** An id that is lower than the id of every commit. */
export const BEGIN = '0-0';
/**
 * Milliseconds (30 days). A process that ends marks its commits as idle for so long, so that any process may take them
 * over.
 */
export const GIVEN_UP = 30 * 24 * 60 * 60 * 1000;

export class RedisStream {
  readonly #keys: readonly [events: string, bytes: string, identity: string, forgotten: string];
  readonly #last: string;
  /** The set of the formats that are, or were, in use. All versions of this package share it. */
  readonly #formats: string;
  readonly #producer: string;

  constructor(
    private readonly run: RunScript,
    { prefix, project, producer }: StreamOptions,
  ) {
    const suffix = formatSuffix(FORMATS.redisOutbox).replace('.', ':');
    const key = (name: string): string => `${prefix}:{${project}}:${name}${suffix}`;
    this.#keys = [key('events'), key('bytes'), key('identity'), key('forgotten')];
    this.#last = key(`last:${producer}`);
    this.#formats = `${prefix}:{${project}}:formats`;
    this.#producer = producer;
  }

  /**
   * Appends a commit of events. If Redis already has a commit of this process with this number, returns that commit.
   * `previous` is the number of the last commit of this process that Redis knew before; undefined if it knew none.
   * `last` is the id of the last commit of any process before this call.
   */
  async append(
    number: number,
    at: number,
    events: readonly SerialisedEvent[],
  ): Promise<{ id: string; size: number; bytes: number; previous: number | undefined; last: string }> {
    const lines = encodeLines(events);
    const size = Buffer.byteLength(lines) + ENTRY_BYTES;
    const fields = { from: this.#producer, number, at, size, count: events.length, events: lines };
    const values = [number, REMEMBER, size, FORMATS.redisOutbox, ...Object.entries(fields).flat()];
    const [stream, bytes] = this.#keys;
    const answer = await this.run(APPEND, [stream, bytes, this.#last, this.#formats], values.map(String));
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

  /** Tells Redis that these commits are finalized, so that Redis deletes them. */
  async acknowledge(commits: readonly { id: string; size: number }[]): Promise<StreamState> {
    const values = commits.flatMap(({ id, size }) => [id, size]);
    return stateOf((await this.#ask(ACKNOWLEDGE, values)) as StateAnswer);
  }

  /**
   * Shows Redis that this process is alive. Returns which of these commits another process has taken over (`theirs`),
   * which are not in Redis any more (`gone`), and which visitors were erased after the serial `erasedSince`.
   */
  async renew(
    ids: readonly string[],
    erasedSince: number,
  ): Promise<{ identity: string; theirs: string[]; gone: string[]; erased: readonly ErasedVisitor[] }> {
    const answer = await this.#ask(RENEW, [this.#producer, erasedSince, ...ids]);
    const [identity, theirs, gone, erased] = answer as [string, string[], string[], string[]];
    return { identity, theirs, gone, erased: erasuresOf(erased) };
  }

  /**
   * Notes in Redis that the visitors of these hashes are erased; all processes hear of it from there. Redis keeps the
   * last `most` erasures. Returns the id of the last commit before the erasure.
   */
  async erase(hashes: readonly string[], most: number): Promise<string> {
    const upTo = String(await this.#ask(ERASE, [MAX_AGE, most, ...hashes]));
    if (!ID.test(upTo)) throw unexpected();
    return upTo;
  }

  /** Lets any other process take over the commits of this process that are not finalized. */
  async release(): Promise<void> {
    await this.#ask(RELEASE, [this.#producer, GIVEN_UP]);
  }

  /** Returns the number of other formats in which other versions of this package keep events here. */
  async otherFormats(): Promise<number> {
    const [stream] = this.#keys;
    const values = [FORMATS.redisOutbox, formatSuffix(FORMATS.redisOutbox).length].map(String);
    return Number(await this.run(OTHER_FORMATS, [this.#formats, stream], values));
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

/**
 * Makes the error for an answer that the scripts never give: the client is no Redis client, or a proxy changes answers.
 */
function unexpected(): Error {
  return Object.assign(new Error('Redis answered something else'), { code: 'EUNEXPECTED' });
}

type StateAnswer = [identity: string, first: string, last: string, bytes: string, now: string];

function stateOf([identity, first, last, bytes, now]: readonly [...StateAnswer, ...unknown[]]): StreamState {
  const isGone = (id: string): boolean =>
    first === '' ? compareIds(id, last) <= 0 : compareIds(id, first) < 0;
  return { identity, isGone, bytes: Number(bytes), last, now: Number(now) };
}

/**
 * Reads the erasures in an answer. For each erasure the answer holds two texts: the hash and the id of a commit
 * together, and the serial.
 */
function erasuresOf(answer: readonly string[]): ErasedVisitor[] {
  const found: ErasedVisitor[] = [];
  for (let index = 0; index + 1 < answer.length; index += 2) {
    const [hash = '', upTo = ''] = String(answer[index]).split(' ');
    if (ID.test(upTo)) found.push({ hash, upTo, serial: Number(answer[index + 1]) });
  }
  return found;
}

/** Reads an entry of the stream. An entry of any other form is read as a commit without events. */
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

/** A limit to the number of events that an entry says it has. No commit of this package has so many. */
const MAX_COUNT = 10_000;

/** Splits an id into milliseconds and a counter: as one number, an id may be too large. */
function partsOf(id: string): [number, number] {
  const [milliseconds, number] = id.split('-').map(Number);
  return [milliseconds ?? 0, number ?? 0];
}

/** Compares two ids. Returns a number below zero if the first id is older. */
export function compareIds(one: string, other: string): number {
  const [first, second] = [partsOf(one), partsOf(other)];
  return first[0] - second[0] || first[1] - second[1];
}
