/** The events of a project in Redis: what is asked of it, and what it answers. */
import type { RunScript, Script } from '../../redis/client.js';
import { decodeLines, encodeLines } from '../lines.js';
import type { SerialisedEvent } from '../payload.js';
import { APPEND, READ, RELEASE, RENEW, SETTLE, SIZE } from './scripts.js';

/** An entry of the stream: what one process appended at once. */
export interface StoredCommit {
  readonly id: string;
  /** Which process, and the number that it gave it. */
  readonly producer: string;
  readonly number: number;
  /** When the first of its events was accepted, in milliseconds since the epoch. */
  readonly at: number;
  readonly size: number;
  /** undefined for one that can't be read. */
  readonly events: readonly (SerialisedEvent | undefined)[];
}

export interface StreamState {
  /** Another one where Redis has lost what was in it. Empty: it has not been read since. */
  readonly identity: string;
  /** True for what is not in the stream any more. */
  readonly isGone: (id: string) => boolean;
  /** Of all that is in it. */
  readonly bytes: number;
}

export interface StreamOptions {
  readonly prefix: string;
  /** `<account>-<project>` */
  readonly project: string;
  /** Names this process, for ever. */
  readonly producer: string;
}

/** Bytes of an entry beside its events. */
const ENTRY_BYTES = 150;
/** Milliseconds for which an answer that was lost can be asked for again. */
const REMEMBER = 60 * 60 * 1000;
/** Milliseconds after which the name of a process that has nothing left is forgotten. */
const LONG_GONE = 60 * 60 * 1000;
/** Where the commits of others begin. */
export const BEGIN = '0-0';
/** Milliseconds: entries that seem to have been idle for so long were given up. */
export const GIVEN_UP = 30 * 24 * 60 * 60 * 1000;

export class RedisStream {
  readonly #keys: readonly [events: string, bytes: string, identity: string];
  readonly #last: string;
  readonly #producer: string;

  constructor(
    private readonly run: RunScript,
    { prefix, project, producer }: StreamOptions,
  ) {
    const key = (name: string): string => `${prefix}:{${project}}:${name}`;
    this.#keys = [key('events'), key('bytes'), key('identity')];
    this.#last = key(`last:${producer}`);
    this.#producer = producer;
  }

  /**
   * Adds events; where they are in already under this number, tells that. `id` is empty where a later number was added
   * before.
   */
  async append(
    number: number,
    at: number,
    events: readonly SerialisedEvent[],
  ): Promise<{ id: string; bytes: number }> {
    const lines = encodeLines(events);
    const size = Buffer.byteLength(lines) + ENTRY_BYTES;
    const fields = {
      from: this.#producer,
      number,
      at,
      size,
      count: events.length,
      events: lines,
    };
    const values = [number, REMEMBER, size, ...Object.entries(fields).flat()];
    const [events_, bytes] = this.#keys;
    const [id, total] = (await this.run(
      APPEND,
      [events_, bytes, this.#last],
      values.map(String),
    )) as string[];
    return { id: id!, bytes: Number(total) };
  }

  /**
   * Takes new commits and, with `from`, those of processes that have been silent for so long: at most so many, and up to
   * the one with which there are so many bytes. `next` is where to go on with the silent ones, if there may be more.
   */
  async read(
    most: { count: number; bytes: number },
    identity: string,
    silent?: { milliseconds: number; from: string },
  ): Promise<StreamState & { commits: StoredCommit[]; next: string | undefined }> {
    const values = [this.#producer, most.count, most.bytes, identity, LONG_GONE];
    const claim = silent === undefined ? [] : [silent.milliseconds, silent.from];
    const answer = (await this.#ask(READ, [...values, ...claim])) as ReadAnswer;
    const commits = answer[3].map(([id, fields]) => commitOf(id, fields));
    return { ...stateOf(answer), commits, next: answer[4] === '' ? undefined : answer[4] };
  }

  /** These go. */
  async settle(commits: readonly { id: string; size: number }[]): Promise<StreamState> {
    const values = commits.flatMap(({ id, size }) => [id, size]);
    return stateOf((await this.#ask(SETTLE, values)) as StateAnswer);
  }

  /** Says that this process lives, and asks which of these are still its own. */
  async renew(ids: readonly string[]): Promise<{ identity: string; ours: ReadonlySet<string> }> {
    const [identity, ours] = (await this.#ask(RENEW, [this.#producer, ...ids])) as [string, string[]];
    return { identity, ours: new Set(ours) };
  }

  /** What this process has and is not settled is for any other. */
  async release(): Promise<void> {
    await this.#ask(RELEASE, [this.#producer, GIVEN_UP]);
  }

  async size(): Promise<number> {
    return Number(await this.#ask(SIZE, []));
  }

  #ask(script: Script, values: readonly (string | number)[]): Promise<unknown> {
    return this.run(script, this.#keys, values.map(String));
  }
}

type StateAnswer = [identity: string, gone: string, bytes: string, ...rest: unknown[]];
type ReadAnswer = [
  identity: string,
  gone: string,
  bytes: string,
  entries: [id: string, fields: string[]][],
  next: string,
];

function stateOf([identity, gone, bytes]: StateAnswer | ReadAnswer): StreamState {
  const [how, mark] = gone.split(' ') as ['below' | 'upto', string];
  const limit = partsOf(mark);
  const isGone = (id: string): boolean => {
    const order = compare(partsOf(id), limit);
    return how === 'below' ? order < 0 : order <= 0;
  };
  return { identity, isGone, bytes: Number(bytes) };
}

/** Whatever somebody put there is a commit, if one without events. */
function commitOf(id: string, fields: readonly string[]): StoredCommit {
  const values = new Map<string, string>();
  for (let place = 0; place + 1 < fields.length; place += 2) values.set(fields[place]!, fields[place + 1]!);
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

/** More than any commit of ours has. */
const MAX_COUNT = 10_000;

/** An id is milliseconds and a number, which may be too large for one number together. */
function partsOf(id: string): [number, number] {
  const [milliseconds, number] = id.split('-').map(Number);
  return [milliseconds ?? 0, number ?? 0];
}

function compare(one: [number, number], other: [number, number]): number {
  return one[0] - other[0] || one[1] - other[1];
}
