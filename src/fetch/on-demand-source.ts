/**
 * Fetches the project config when a request finds it due, for hosts without timers between requests. The config before
 * stays in force meanwhile, and if the endpoint fails.
 */
import type { ProjectConfig } from '../model/project-config.js';
import { SafeCache } from '../project/cache/safe-cache.js';
import type { CachedProject, ProjectCache } from '../project/cache/types.js';
import { ChangeDetector } from '../project/sources/change-detector.js';
import type { ConfigEndpoint } from '../project/sources/config-endpoint.js';
import type { ProjectSink, ProjectSource } from '../project/types.js';
import { backoffDelay, DEFAULT_BACKOFF } from '../utils/backoff.js';
import { asConvertError } from '../utils/errors.js';
import { textOf } from '../utils/node/bytes.js';

export interface OnDemandOptions {
  readonly endpoint: ConfigEndpoint;
  /** Milliseconds after which a config is due again. Default 300,000. */
  readonly interval?: number | undefined;
  /** Keeps the config for all instances of the app; undefined if each instance fetches for itself. */
  readonly cache?: { readonly cache: ProjectCache; readonly key: string } | undefined;
  /** Returns the SHA-256 of the text of a config, in Base64. */
  readonly digestOf: (text: string | Uint8Array) => string;
}

/**
 * Milliseconds after which a fetch counts as lost: the host may have ended the request that began it, and then nothing
 * of it ever settles.
 */
const LOST_AFTER = 15_000;
/** Milliseconds after which a call of the cache counts as failed. */
const CACHE_LIMIT = 2_000;

interface Parts {
  readonly sink: ProjectSink;
  readonly detector: ChangeDetector;
  cache: SafeCache | undefined;
}

export class OnDemandSource implements ProjectSource {
  readonly description: string;
  readonly #options: OnDemandOptions;
  readonly #interval: number;
  #isStopped = false;
  #parts: Parts | undefined;
  /** The fetch under way, and when it counts as lost, by performance.now(). */
  #fetch: { readonly end: Promise<void>; readonly lostAt: number } | undefined;
  /** When the config is due, by performance.now(). */
  #dueAt = -Infinity;
  #failures = 0;
  /** When the endpoint last confirmed the config in force, in milliseconds since the epoch. */
  #checkedAt = -Infinity;

  constructor(options: OnDemandOptions) {
    this.#options = options;
    this.#interval = options.interval ?? 300_000;
    this.description = options.endpoint.description;
  }

  /** True if the repository has taken over a config. */
  get hasConfig(): boolean {
    return this.#parts?.detector.hasConfig === true;
  }

  start(sink: ProjectSink): void {
    const { endpoint, digestOf } = this.#options;
    const { maxBytes, pin } = endpoint;
    const detector = new ChangeDetector(sink, { limits: { maxBytes }, pin, digestOf });
    this.#parts = { sink, detector, cache: this.#safeCache(sink) };
  }

  #safeCache(sink: ProjectSink): SafeCache | undefined {
    const { cache, digestOf, endpoint } = this.#options;
    if (cache === undefined) return undefined;
    const { maxBytes } = endpoint;
    return new SafeCache(cache.cache, sink, { key: cache.key, limit: CACHE_LIMIT, maxBytes, digestOf });
  }

  stop(): void {
    this.#isStopped = true;
    this.#parts?.cache?.stop();
  }

  draft(experienceId: string): Promise<ProjectConfig | undefined> {
    return this.#options.endpoint.draft(experienceId, neverAborted());
  }

  /** Resolves at the end of the fetch that is under way, whatever came of it; undefined if there is none. */
  get underWay(): Promise<void> | undefined {
    const fetch = this.#fetch;
    return fetch !== undefined && performance.now() < fetch.lostAt ? fetch.end : undefined;
  }

  /**
   * Fetches the config if it is due, and nobody else is fetching it. Returns a promise that resolves at the end of that
   * fetch, whatever came of it; undefined if nothing was to be done.
   */
  refresh(): Promise<void> | undefined {
    const now = performance.now();
    if (this.#parts === undefined || this.#isStopped || this.underWay !== undefined || now < this.#dueAt)
      return undefined;
    // The call of a lost request never ends, and other calls of the same `SafeCache` would wait for it.
    if (this.#fetch !== undefined) this.#parts.cache = this.#safeCache(this.#parts.sink);
    const end = this.#run(this.#parts).finally(() => {
      if (this.#fetch?.end === end) this.#fetch = undefined;
    });
    this.#fetch = { end, lostAt: now + LOST_AFTER };
    return end;
  }

  async #run(parts: Parts): Promise<void> {
    const { endpoint } = this.#options;
    let wait = this.#interval;
    try {
      const cached = await this.#readCache(parts);
      const age = cached === undefined ? Infinity : ageOf(cached);
      if (age < this.#interval) wait -= age;
      else await this.#ask(parts, cached);
      this.#failures = 0;
    } catch (error) {
      this.#failures += 1;
      wait = backoffDelay(DEFAULT_BACKOFF, this.#failures, Math.random());
      const failed = `${endpoint.description} failed`;
      if (!this.#isStopped) parts.sink.error(asConvertError(error, 'CONVERT_PROJECT_UNREACHABLE', failed));
    }
    this.#dueAt = performance.now() + wait;
  }

  /**
   * Reads the cache, and puts its config in force if that is newer than the one in force. Returns what the cache holds
   * if that is in force now; undefined if not, or if the cache is empty or fails.
   */
  async #readCache({ cache, detector }: Parts): Promise<CachedProject | undefined> {
    const found = await cache?.read();
    if (cache === undefined || found === undefined) return undefined;
    try {
      // Another instance may be behind, and a cache may give what was written minutes ago.
      const isNewer = found.checkedAt > this.#checkedAt && !detector.isOf(found.digest);
      if (isNewer) detector.useCached(found, cache.description, ageOf(found) < this.#interval);
    } catch (error) {
      cache.tell(asConvertError(error, 'CONVERT_BAD_PROJECT', 'the config of the project cache'));
    }
    if (!detector.isOf(found.digest)) return undefined;
    this.#checkedAt = Math.max(this.#checkedAt, found.checkedAt);
    return found;
  }

  async #ask({ cache, detector }: Parts, cached: CachedProject | undefined): Promise<void> {
    const { endpoint, digestOf } = this.#options;
    const { etag } = detector;
    const answer = await endpoint.ask(etag, neverAborted());
    if (!endpoint.receive(answer, etag, detector)) return;
    this.#checkedAt = Date.now();
    // An answer that nothing has changed brings no text.
    const body = answer.status === 200 ? textOf(answer.body) : cached?.body;
    if (cache === undefined || body === undefined) return;
    await cache.write({ body, digest: digestOf(body), etag: detector.etag, checkedAt: this.#checkedAt });
  }
}

const ageOf = ({ checkedAt }: CachedProject): number => Math.max(0, Date.now() - checkedAt);

/** Each fetch has a signal of its own: hosts let no request use that of another one. */
const neverAborted = (): AbortSignal => new AbortController().signal;
