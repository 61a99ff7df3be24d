/**
 * Wraps a project cache, which may fail in any way: calls take a bounded time and never reject, and each problem is
 * told once.
 */
import { ConvertError } from '../../utils/errors.js';
import { HealthReporter } from '../../utils/health-reporter.js';
import { type Timer, unrefTimeout } from '../../utils/node/timers.js';
import { BYTES } from '../../utils/node/bytes.js';
import type { DigestOf } from '../sources/change-detector.js';
import type { ProjectSink } from '../types.js';
import type { CachedProject, ProjectCache } from './types.js';

export interface SafeCacheOptions {
  readonly key: string;
  /** Milliseconds after which a call of the cache counts as failed. */
  readonly limit: number;
  /** Bytes of the largest config that is accepted. */
  readonly maxBytes: number;
  readonly digestOf: DigestOf;
}

export class SafeCache {
  readonly description: string;
  readonly #told = new Set<string>();
  /**
   * Resolves when the last call of the cache is over. Calls are made one after the other: calls to a cache that hangs
   * must not pile up.
   */
  #last: Promise<unknown> = Promise.resolve();
  readonly #health = new HealthReporter();
  #hangs = false;
  #isOver = false;

  constructor(
    private readonly cache: ProjectCache,
    private readonly sink: ProjectSink,
    private readonly options: SafeCacheOptions,
  ) {
    this.description = `the project cache (${cache.description ?? 'of option projectCache'})`;
  }

  /**
   * Reads the config from the cache; undefined if the cache is empty or fails, or if its content is damaged or not
   * ours.
   */
  async read(): Promise<CachedProject | undefined> {
    const found = await this.#run(() => this.cache.read(this.options.key, this.options.maxBytes));
    if (found === undefined || found === null || this.#isOver) return undefined;
    const problem = this.#problemOf(found);
    if (problem === undefined) return found;
    this.tell(new ConvertError('CONVERT_PROJECT_CACHE', `${this.description} ${problem}; that is ignored`));
    return undefined;
  }

  async write(project: CachedProject): Promise<void> {
    await this.#run(() => this.cache.write(this.options.key, project));
  }

  /** Reports a problem with the content of the cache, once. */
  tell(error: ConvertError): void {
    if (this.#isOver || this.#told.has(error.message)) return;
    this.#told.add(error.message);
    this.sink.cacheFailed(error);
  }

  /** Closes the cache. From now on, it is not called and nothing is reported. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const close = async (): Promise<void> => this.cache.close?.();
    close().catch(() => undefined);
  }

  async #run<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (this.#isOver) return undefined;
    const { limit } = this.options;
    if (this.#hangs) return this.#failed(new Late(limit));
    let timer: Timer | undefined;
    let isLate = false;
    const done = this.#last.then(() => (isLate || this.#isOver ? undefined : work()));
    this.#last = done
      .catch(() => undefined)
      .then(() => {
        this.#hangs = false;
      });
    const timedOut = new Promise<never>((_resolve, reject) => {
      timer = unrefTimeout(() => {
        isLate = true;
        this.#hangs = true;
        reject(new Late(limit));
      }, limit);
    });
    try {
      const answer = await Promise.race([done, timedOut]);
      this.#worked();
      return answer;
    } catch (error) {
      return this.#failed(error);
    } finally {
      clearTimeout(timer);
    }
  }

  #failed(error: unknown): undefined {
    if (this.#isOver) return;
    // A ConvertError tells of a problem with the content or the folder. It needs no explanation, so it is reported as
    // it is.
    if (error instanceof ConvertError) return this.tell(error) as undefined;
    if (!this.#health.failed()) return;
    const what = `${this.description} fails (${reasonOf(error)}); the config is fetched without it`;
    this.sink.cacheFailed(new ConvertError('CONVERT_PROJECT_CACHE', what, { cause: error }));
  }

  #worked(): void {
    if (this.#isOver || !this.#health.succeeded()) return;
    this.sink.recovered(`${this.description} works again`);
  }

  #problemOf(found: CachedProject): string | undefined {
    const { body, digest, etag, checkedAt } = found as { [Name in keyof CachedProject]: unknown };
    const isText = (value: unknown): boolean => value === undefined || typeof value === 'string';
    if (typeof digest !== 'string' || !isText(body) || !isText(etag) || !Number.isFinite(checkedAt))
      return 'holds something else than a config';
    if (typeof body !== 'string' || body === '') return 'holds no text of a config, or too long a one';
    if (BYTES.lengthOf(body) > this.options.maxBytes) return `holds more than ${this.options.maxBytes} bytes`;
    return this.options.digestOf(body) === digest ? undefined : 'holds a damaged config';
  }
}

/**
 * The reason of a failure, for the log. Of an error that is not ours only the code is taken: its message may hold a
 * secret.
 */
function reasonOf(error: unknown): string {
  if (error instanceof Late) return error.message;
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

class Late extends Error {
  constructor(limit: number) {
    super(`no answer within ${limit} ms`);
  }
}
