import type { HealthReporter } from '../../../delivery/health-reporter.js';
import type { OutboxCore } from '../../../delivery/outbox.js';
import { decodeLines, encodeLines, type SerialisedEvent } from '../../../delivery/payload.js';
import { MAX_AGE } from '../../../delivery/queued-event.js';
import type { TimerGroup } from '../../../utils/node/timers.js';
import type { RunScript, Script } from '../client.js';
import { APPEND, FORGET, READ, RELEASE, RENEW, ACKNOWLEDGE, SIZE } from './scripts.js';

/** What each part of the outbox works with. */
export interface StreamPart {
  readonly core: OutboxCore;
  readonly timers: TimerGroup;
  readonly trouble: HealthReporter;
  /** undefined until the project is known. */
  readonly stream: () => RedisStream | undefined;
  /** Milliseconds that Redis may take for an answer before it counts as failing. */
  readonly answerLimit: number;
}

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
  /** The id of the last commit that it took. */
  readonly last: string;
  /** By the clock of Redis, in milliseconds. */
  readonly now: number;
}

/** A visitor was forgotten: of commits up to this one, nothing of theirs is to be sent. */
export interface ErasedVisitor {
  readonly hash: string;
  readonly upTo: string;
  /** Greater than those of all before. */
  readonly serial: number;
}

export interface ReadOptions {
  /** Up to the commit with which there are as many. */
  readonly most: { readonly count: number; readonly bytes: number };
  /** Names this Redis, if nobody has. */
  readonly identity: string;
  /** What was given to this process after this commit, too: an answer may have been lost, or a client have asked twice. */
  readonly after: string;
  /** Those of processes that have been silent for so long, too; from a place on, and until a time of Redis. */
  readonly silent: { milliseconds: number; from: string; until: number } | undefined;
  /** Is there anything of this process between the two? */
  readonly ranges: readonly { start: string; end: string }[];
  /** The serial of the last visitor who was forgotten, as far as this process has heard. */
  readonly forgottenSince: number;
}

export interface ReadAnswer extends StreamState {
  readonly commits: readonly StoredCommit[];
  /** Where to go on with the silent ones, if there may be more. */
  readonly next: string | undefined;
  /** Ranges in which there is nothing. */
  readonly empty: readonly number[];
  /** Since then. */
  readonly forgotten: readonly ErasedVisitor[];
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
   * Adds events; where they are in already under this number, tells that. `previous` is the number of the last commit that
   * Redis knew before, undefined for none; `last` the id of the last one of all that was there.
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

  async read({ most, identity, after, silent, ranges, forgottenSince }: ReadOptions): Promise<ReadAnswer> {
    const answer = (await this.#ask(READ, [
      ...[this.#producer, most.count, most.bytes, identity, LONG_GONE, after],
      ...(silent === undefined ? ['', '', ''] : [silent.milliseconds, silent.from, silent.until]),
      forgottenSince,
      ...ranges.flatMap(({ start, end }) => [start, end]),
    ])) as [...StateAnswer, [string, string[]][], string, string[], string[]];
    const [, , , , , entries, next, empty, forgotten] = answer;
    return {
      ...stateOf(answer),
      commits: entries.map(([id, fields]) => commitOf(id, fields)),
      next: next === '' ? undefined : next,
      empty: empty.map(Number),
      forgotten: forgettingsOf(forgotten),
    };
  }

  /** These go. */
  async settle(commits: readonly { id: string; size: number }[]): Promise<StreamState> {
    const values = commits.flatMap(({ id, size }) => [id, size]);
    return stateOf((await this.#ask(ACKNOWLEDGE, values)) as StateAnswer);
  }

  /**
   * Says that this process lives, and asks which of these commits are another's, which are not there any more, and who was
   * forgotten since.
   */
  async renew(
    ids: readonly string[],
    forgottenSince: number,
  ): Promise<{ identity: string; theirs: string[]; gone: string[]; forgotten: readonly ErasedVisitor[] }> {
    const answer = await this.#ask(RENEW, [this.#producer, forgottenSince, ...ids]);
    const [identity, theirs, gone, forgotten] = answer as [string, string[], string[], string[]];
    return { identity, theirs, gone, forgotten: forgettingsOf(forgotten) };
  }

  /** Visitors of these hashes are forgotten, as all processes hear. Returns the last commit that there was. */
  async forget(hashes: readonly string[], most: number): Promise<string> {
    const upTo = String(await this.#ask(FORGET, [MAX_AGE, most, ...hashes]));
    if (!ID.test(upTo)) throw unexpected();
    return upTo;
  }

  /** What this process has and is not settled is for any other. */
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

/** A client that is none, or something between it and Redis. */
function unexpected(): Error {
  return Object.assign(new Error('Redis answered something else'), { code: 'EUNEXPECTED' });
}

type StateAnswer = [identity: string, first: string, last: string, bytes: string, now: string];

function stateOf([identity, first, last, bytes, now]: readonly [...StateAnswer, ...unknown[]]): StreamState {
  const isGone = (id: string): boolean =>
    first === '' ? compareIds(id, last) <= 0 : compareIds(id, first) < 0;
  return { identity, isGone, bytes: Number(bytes), last, now: Number(now) };
}

/** Hash and id, as one, and the serial of each. */
function forgettingsOf(answer: readonly string[]): ErasedVisitor[] {
  const found: ErasedVisitor[] = [];
  for (let place = 0; place + 1 < answer.length; place += 2) {
    const [hash = '', upTo = ''] = String(answer[place]).split(' ');
    if (ID.test(upTo)) found.push({ hash, upTo, serial: Number(answer[place + 1]) });
  }
  return found;
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

/** Below zero where the first one is older. */
export function compareIds(one: string, other: string): number {
  const [first, second] = [partsOf(one), partsOf(other)];
  return first[0] - second[0] || first[1] - second[1];
}
