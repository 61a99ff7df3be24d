/** The last good project config in a cache: used if a process starts while the endpoint fails, written after each fetch. */
import { asConvertError } from '../../utils/errors.js';
import { unrefTimeout } from '../../utils/node/timers.js';
import { digestOf, type ChangeDetector } from '../sources/change-detector.js';
import type { ProjectSink } from '../types.js';
import { SafeCache } from './safe-cache.js';
import type { CachedProject, ProjectCache } from './types.js';

/** In milliseconds. */
export interface CacheTimes {
  /** That the endpoint has at the start, before the config of the cache is used. Default 100. */
  patience?: number;
  /** For an answer of the cache. Default 10,000: a disk may be slow, and no request waits for it. */
  limit?: number;
}

export interface CachedConfigOptions extends CacheTimes {
  readonly key: string;
  readonly maxBytes: number;
}

export class CachedConfig {
  readonly #cache: SafeCache;
  readonly #patience: NodeJS.Timeout;
  /** What the cache had at the start, until it is used or no longer needed. */
  #found: CachedProject | undefined;
  /** The endpoint has failed, or has had its time. */
  #isWanted = false;
  /** The text of the config in force: an answer that nothing has changed (304) comes without one. */
  #text: Pick<CachedProject, 'body' | 'digest'> | undefined;

  /** Begins to read. */
  constructor(
    cache: ProjectCache,
    sink: ProjectSink,
    private readonly handover: ChangeDetector,
    { key, maxBytes, patience = 100, limit = 10_000 }: CachedConfigOptions,
  ) {
    this.#cache = new SafeCache(cache, sink, { key, maxBytes, limit });
    this.#patience = unrefTimeout(() => this.use(), patience);
    void this.#read();
  }

  /** Puts the config of the cache in force, now or once it is read, unless there is one in force by then. */
  use(): void {
    this.#isWanted = true;
    const found = this.#found;
    this.#found = undefined;
    if (found === undefined || this.handover.hasConfig) return;
    try {
      if (this.handover.kept(found, this.#cache.description)) this.#text = found;
    } catch (error) {
      this.#cache.tell(asConvertError(error, 'CONVERT_BAD_PROJECT', 'the config of the project cache'));
    }
  }

  /** Writes the config in force, which the endpoint has just sent, or confirmed: `body` is undefined then. Never rejects. */
  async write(body: Buffer | undefined, etag: string | undefined): Promise<void> {
    if (body !== undefined) {
      const text = body.toString('utf8');
      this.#text = { body: text, digest: digestOf(text) };
    }
    if (this.#text !== undefined) await this.#cache.write({ ...this.#text, etag, checkedAt: Date.now() });
  }

  stop(): void {
    clearTimeout(this.#patience);
    this.#cache.stop();
  }

  async #read(): Promise<void> {
    this.#found = await this.#cache.read();
    if (this.#isWanted) this.use();
  }
}
