/**
 * What a source does with a cache beside its endpoint.
 *
 * At the start, the endpoint is asked and the cache is read; what the cache has is used if the endpoint fails, or takes its
 * time. Where processes share the cache, one of them fetches: the others find there what it got, at a time of their own
 * around the end of the interval. Who has nothing at all does not wait long for another one.
 */
import { asConvertError } from '../errors.js';
import type { KeptText, ProjectCache } from './cache-port.js';
import { GuardedCache } from './guarded-cache.js';
import { digestOf, type Handover } from './handover.js';
import type { ProjectSink } from './port.js';
import { quietTimeout } from './quiet-timeout.js';

/** In milliseconds. */
export interface CacheTimes {
  /** That the endpoint has at the start, before an older config is used. Default 100. */
  patience?: number;
  /** For an answer of a cache that processes share. Default 500. For one that they don't: 10,000. */
  limit?: number;
  /** That a process without any config waits for the one that fetches. Default 1,000. */
  withoutConfig?: number;
}

export interface CacheTurnsOptions extends CacheTimes {
  readonly key: string;
  readonly maxBytes: number;
  readonly refreshInterval: number;
  /** Milliseconds for one fetch. */
  readonly timeout: number;
  readonly random: () => number;
}

/** Of the interval: younger than that is not fetched again. */
const FRESH = 0.9;
/** A disk may be slow; nobody waits for it. */
const LOCAL_LIMIT = 10_000;
/** Between two looks at what another process fetches: with a config in force, and without. */
const LOOK = 5_000;
const FIRST_LOOK = 100;

/** Milliseconds from one fetch to the next: the interval, give or take 10 %, so that processes don't come together. */
export function untilNextFetch(refreshInterval: number, random: number): number {
  return refreshInterval * (FRESH + 0.2 * random);
}

export class CacheTurns {
  readonly #cache: GuardedCache;
  readonly #began = performance.now();
  readonly #lease: number;
  readonly #patience: NodeJS.Timeout;
  /** It is our turn, and others wait. */
  #isClaimed = false;
  /** An older config, for want of a better one; and whether it is time for it. */
  #older: KeptText | undefined;
  #isTime = false;
  /** The config in force, as the cache is to have it. */
  #text: Pick<KeptText, 'body' | 'digest'> | undefined;

  constructor(
    cache: ProjectCache,
    sink: ProjectSink,
    private readonly handover: Handover,
    private readonly options: CacheTurnsOptions,
  ) {
    const { patience = 100, limit = 500, timeout, key, maxBytes } = options;
    const isShared = cache.claim !== undefined;
    this.#lease = timeout + 2 * limit;
    this.#cache = new GuardedCache(cache, sink, { key, maxBytes, limit: isShared ? limit : LOCAL_LIMIT });
    this.#patience = quietTimeout(() => this.#useOlder(), patience);
    if (!isShared) void this.#look();
  }

  /** Milliseconds to wait before the next turn; undefined: fetch now. Never rejects. */
  async next(): Promise<number | undefined> {
    if (!this.#cache.isShared) return undefined;
    const wait = await this.#look();
    if (wait !== undefined) return wait;
    const answer = await this.#cache.claim(this.#lease);
    if (answer === false) return this.#othersTurn();
    this.#isClaimed = answer === true;
    // Another one may have been done between the two.
    const done = this.#isClaimed ? await this.#look() : undefined;
    if (done !== undefined) await this.#giveBack(0);
    return done;
  }

  /** The endpoint has answered, and the answer is in force. `body` is undefined where nothing has changed. */
  async fetched(body: Buffer | undefined, etag: string | undefined): Promise<void> {
    if (body !== undefined) {
      const text = body.toString('utf8');
      this.#text = { body: text, digest: digestOf(text) };
    }
    if (this.#text === undefined) return;
    // Where another one was waited for in vain.
    if (this.#cache.isShared) this.#isClaimed ||= (await this.#cache.claim(this.#lease)) === true;
    if (this.#cache.isShared && !this.#isClaimed) return;
    await this.#cache.write({ ...this.#text, etag, checkedAt: Date.now() });
    this.#isClaimed = false;
  }

  /** The endpoint has failed, and is left alone for so many milliseconds: by all. */
  async failed(delay: number): Promise<void> {
    this.#useOlder();
    if (this.#isClaimed) await this.#giveBack(delay);
  }

  stop(): void {
    clearTimeout(this.#patience);
    this.#cache.stop({ claimed: this.#isClaimed });
  }

  /** Milliseconds until what is there has to be fetched again; undefined where that is now. */
  async #look(): Promise<number | undefined> {
    const read = await this.#cache.read(this.#text?.digest);
    const body = read?.body ?? this.#text?.body;
    if (read === undefined || body === undefined) return undefined;
    const found = { ...read, body };
    const { isShared } = this.#cache;
    const { hasConfig } = this.handover;
    // It is not kept up to date by others.
    if (hasConfig && !isShared) return undefined;
    const { refreshInterval, random } = this.options;
    const age = Date.now() - found.checkedAt;
    // In either direction: Redis may have had another clock before a failover.
    const isFresh = isShared && Math.abs(age) < FRESH * refreshInterval;
    if (isFresh || hasConfig) {
      if (!this.#use(found, !isFresh) || !isFresh) return undefined;
      return Math.max(1, untilNextFetch(refreshInterval, random()) - age);
    }
    this.#older = found;
    if (this.#isTime) this.#useOlder();
    return undefined;
  }

  #useOlder(): void {
    this.#isTime = true;
    const older = this.#older;
    this.#older = undefined;
    if (older !== undefined && !this.handover.hasConfig) this.#use(older, true);
  }

  /** False where it is of no use. */
  #use(found: KeptText, isStale: boolean): boolean {
    try {
      const kept = { checkedAt: found.checkedAt, isStale };
      if (this.handover.kept(found, kept, this.#cache.description)) this.#text = found;
      return true;
    } catch (error) {
      this.#cache.tell(asConvertError(error, 'CONVERT_BAD_PROJECT', 'the config of the project cache'));
      return false;
    }
  }

  #othersTurn(): number | undefined {
    const { withoutConfig = 1_000, refreshInterval, random } = this.options;
    const { hasConfig } = this.handover;
    if (!hasConfig && performance.now() - this.#began >= withoutConfig) return undefined;
    return Math.min(hasConfig ? LOOK : FIRST_LOOK, refreshInterval / 20) * (0.5 + 0.5 * random());
  }

  async #giveBack(milliseconds: number): Promise<void> {
    this.#isClaimed = false;
    await this.#cache.claim(milliseconds);
  }
}
