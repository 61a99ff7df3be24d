/**
 * Keeps the last good project config in a cache: the config is used if a process starts while the endpoint fails, and
 * is written after each fetch.
 */
import { asConvertError } from '../../utils/errors.js';
import { textOf, utf8 } from '../../utils/node/bytes.js';
import { type Timer, unrefTimeout } from '../../utils/node/timers.js';
import { parseProject } from '../parse-config.js';
import type { ProjectPin } from '../project-pin.js';
import type { ChangeDetector } from '../sources/change-detector.js';
import { digestOf } from '../sources/digest.js';
import type { ProjectSink } from '../types.js';
import { SafeCache } from './safe-cache.js';
import type { CachedProject, ProjectCache } from './types.js';

export interface CacheTimes {
  /**
   * Milliseconds that the source waits for the endpoint at the start, before it uses the config of the cache. Default
   * 100.
   */
  patience?: number;
  /**
   * Milliseconds after which a call of the cache counts as failed. Default 10,000: a disk may be slow, and no request
   * waits for the cache.
   */
  limit?: number;
}

export interface FallbackConfigOptions extends CacheTimes {
  readonly key: string;
  readonly maxBytes: number;
  /** Is set to the project of the cached config, see `setPin`. */
  readonly pin: ProjectPin;
}

export class FallbackConfig {
  readonly #cache: SafeCache;
  readonly #patienceTimer: Timer;
  /** Resolves when the cache is read, or when the source has waited long enough for it. */
  readonly #isRead: Promise<void>;
  /** The config that the cache held at the start, until `use` takes it. */
  #found: CachedProject | undefined;
  /** True once the endpoint has failed, or has taken too long: then the config of the cache is used when it is read. */
  #isWanted = false;
  /**
   * The text of the config in force, to be written to the cache: an answer that nothing has changed (304) brings no
   * text.
   */
  #text: Pick<CachedProject, 'body' | 'digest'> | undefined;

  /** Begins to read the cache. */
  constructor(
    cache: ProjectCache,
    sink: ProjectSink,
    private readonly detector: ChangeDetector,
    private readonly options: FallbackConfigOptions,
  ) {
    const { key, maxBytes, patience = 100, limit = 10_000 } = options;
    this.#cache = new SafeCache(cache, sink, { key, maxBytes, limit, digestOf });
    const reading = this.#read();
    let isPatienceOver: (() => void) | undefined;
    this.#isRead = Promise.race([reading, new Promise<void>((resolve) => (isPatienceOver = resolve))]);
    this.#patienceTimer = unrefTimeout(() => {
      isPatienceOver?.();
      this.use();
    }, patience);
  }

  /**
   * Pins the source to the project of the cached config, before the first answer of the endpoint counts. The answer
   * waits for the cache, but no longer than the cache waits for the answer (`patience`).
   */
  async setPin(): Promise<void> {
    await this.#isRead;
    const found = this.#found;
    if (found === undefined) return;
    const { pin, maxBytes } = this.options;
    try {
      pin.to(parseProject(utf8(found.body), this.#cache.description, { maxBytes }));
    } catch (error) {
      this.#found = undefined;
      this.#cache.tell(asConvertError(error, 'CONVERT_BAD_PROJECT', 'the config of the project cache'));
    }
  }

  /** Puts the config of the cache in force, now or once it is read, unless another one is in force by then. */
  use(): void {
    this.#isWanted = true;
    const found = this.#found;
    this.#found = undefined;
    if (found === undefined || this.detector.hasConfig) return;
    try {
      if (this.detector.useCached(found, this.#cache.description)) this.#text = found;
    } catch (error) {
      this.#cache.tell(asConvertError(error, 'CONVERT_BAD_PROJECT', 'the config of the project cache'));
    }
  }

  /**
   * Writes the config in force to the cache. `body` is the answer of the endpoint; undefined: the endpoint has
   * confirmed the config. Never rejects.
   */
  async write(body: Uint8Array | undefined, etag: string | undefined): Promise<void> {
    if (body !== undefined) {
      const text = textOf(body);
      this.#text = { body: text, digest: digestOf(text) };
    }
    if (this.#text !== undefined) await this.#cache.write({ ...this.#text, etag, checkedAt: Date.now() });
  }

  stop(): void {
    clearTimeout(this.#patienceTimer);
    this.#cache.stop();
  }

  async #read(): Promise<void> {
    this.#found = await this.#cache.read();
    if (this.#isWanted) this.use();
  }
}
