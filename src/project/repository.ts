/** Keeps the project config that is in force, and tells who waits for the first one. */
import type { ProjectConfig } from '../model/project-config.js';
import { asConvertError, ConvertError } from '../utils/errors.js';
import { badOption } from './endpoints.js';
import { adoptProject } from './parse-config.js';
import type { CachedConfigInfo, ProjectSource } from './types.js';

export interface ProjectRepositoryOptions<Loaded> {
  /**
   * How long requests wait for the first config, in milliseconds, counted from the first request that asked.
   * Default 250; 0 never waits.
   */
  readyTimeout?: number;
  /** What is in force for a config. If it throws, the config before stays in force, and the reason goes to `onError`. */
  load(config: ProjectConfig): Loaded;
  /** A config was taken over: it is in force already. */
  onConfig?(loaded: Loaded, isFirst: boolean): void;
  /** The first config is an older one, from a cache, until there is a newer one. Comes after `onConfig`. */
  onOlder?(checkedAt: number, failures: number): void;
  /** Every attempt that failed. `inARow` is 1 for the first failure after a success: that one is worth a log line. */
  onError?(error: ConvertError, inARow: number): void;
  /** The first success after `failures` failures in a row. */
  onRecovery?(failures: number): void;
  /** What the source tells of its cache: once, until `onCacheRecovery`, which gets a sentence for the log. */
  onCacheTrouble?(error: ConvertError): void;
  onCacheRecovery?(what: string): void;
}

export interface ProjectStats {
  /** The description of the source. */
  readonly source: string;
  /** When the config in force was taken over, in milliseconds since the epoch. */
  readonly loadedAt: number | undefined;
  /** When the source last found it to be the current one, in milliseconds since the epoch. */
  readonly checkedAt: number | undefined;
  /** The config in force, or the last word that it is the current one, comes from the project cache, as of `checkedAt`. */
  readonly fromCache: boolean;
  /** Configs that were taken over after the first one. */
  readonly changes: number;
  /** Failures since the last success. */
  readonly failures: number;
  /** The message of the last failure; undefined after a success. */
  readonly lastError: string | undefined;
  /** Convert's version of the config in force, if it has one. */
  readonly version: string | undefined;
}

interface Waiting {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: ConvertError): void;
  readonly timer: NodeJS.Timeout;
}

/** How often a timer that only holds the process wakes up, in milliseconds. */
const HOLD = 3_600_000;

export class ProjectRepository<Loaded> {
  readonly #source: ProjectSource;
  readonly #options: ProjectRepositoryOptions<Loaded>;
  readonly #readyTimeout: number;
  #state: 'new' | 'started' | 'stopped' = 'new';
  #current: Loaded | undefined;
  #version: string | undefined;
  #loadedAt: number | undefined;
  #checkedAt: number | undefined;
  #fromCache = false;
  #changes = 0;
  #failures = 0;
  #lastError: string | undefined;
  /** The config that the source holds for current was not taken over. */
  #refused = false;
  #ready: Waiting | undefined;
  #window: Waiting | undefined;
  #windowOver: boolean;

  /** @throws ConvertError `CONVERT_BAD_OPTION` for a `readyTimeout` that is no number of milliseconds */
  constructor(source: ProjectSource, options: ProjectRepositoryOptions<Loaded>) {
    const { readyTimeout = 250 } = options;
    if (!(Number.isFinite(readyTimeout) && readyTimeout >= 0 && readyTimeout <= HOLD)) {
      throw badOption('readyTimeout', `must be a number of milliseconds from 0 to ${HOLD}`);
    }
    this.#source = source;
    this.#options = options;
    this.#readyTimeout = readyTimeout;
    this.#windowOver = readyTimeout === 0;
  }

  /** What `load` made of the config in force; undefined until the first one is there. Stays after `stop()`. */
  get current(): Loaded | undefined {
    return this.#current;
  }

  start(): void {
    if (this.#state !== 'new') return;
    this.#state = 'started';
    try {
      this.#source.start({
        config: (config, kept) => this.#take(config, kept),
        unchanged: (kept) => this.#confirm(kept),
        error: (error) =>
          this.#fail(asConvertError(error, 'CONVERT_PROJECT_UNREACHABLE', 'no project config')),
        trouble: (error) => this.#tell(() => this.#options.onCacheTrouble?.(error)),
        recovered: (what) => this.#tell(() => this.#options.onCacheRecovery?.(what)),
      });
    } catch (error) {
      // Sources of the app, too, are promised not to harm it.
      this.#fail(
        asConvertError(error, 'CONVERT_PROJECT_UNREACHABLE', `${this.#source.description} cannot start`),
      );
    }
  }

  /** Idempotent. Who waits in `ready()` is told, who waits in `waitForFirst()` is let through. */
  stop(): void {
    if (this.#state === 'stopped') return;
    this.#state = 'stopped';
    quietly(() => this.#source.stop());
    this.#endWindow();
    if (this.#ready) {
      clearInterval(this.#ready.timer);
      this.#ready.reject(notReady());
    }
  }

  /**
   * Resolves once a config is in force, however long that takes; meanwhile the process is kept alive. Rejects with
   * `CONVERT_NOT_READY` if the keeper is stopped before; a rejection that nobody looks at does no harm.
   */
  ready(): Promise<void> {
    if (this.#current) return Promise.resolve();
    if (!this.#ready) {
      this.#ready = waiting(setInterval(() => {}, HOLD));
      this.#ready.promise.catch(() => {});
      if (this.#state === 'stopped') {
        clearInterval(this.#ready.timer);
        this.#ready.reject(notReady());
      }
    }
    return this.#ready.promise;
  }

  /**
   * For requests: undefined when there is nothing to wait for, because a config is in force or because the time for
   * the first one is over. Otherwise a promise, shared by all, that resolves in either case and never rejects.
   */
  waitForFirst(): Promise<void> | undefined {
    if (this.#current || this.#windowOver) return undefined;
    // Not unref'd: a job without a server must not end in the middle of its wait.
    this.#window ??= waiting(setTimeout(() => this.#endWindow(), this.#readyTimeout));
    return this.#window.promise;
  }

  stats(): ProjectStats {
    return {
      source: this.#source.description,
      loadedAt: this.#loadedAt,
      checkedAt: this.#checkedAt,
      fromCache: this.#fromCache,
      changes: this.#changes,
      failures: this.#failures,
      lastError: this.#lastError,
      version: this.#version,
    };
  }

  #take(given: ProjectConfig, kept?: CachedConfigInfo): boolean {
    if (this.#state !== 'started') return false;
    const first = this.#current === undefined;
    let config: ProjectConfig;
    let loaded: Loaded;
    try {
      // Sources of the app deliver what they have.
      config = adoptProject(given, this.#source.description);
      loaded = this.#options.load(config);
    } catch (error) {
      this.#refused = true;
      this.#fail(asConvertError(error, 'CONVERT_BAD_PROJECT', 'the project config was not taken over'));
      return false;
    }
    this.#refused = false;
    this.#current = loaded;
    this.#version = versionOf(config);
    quietly(() => this.#options.onConfig?.(loaded, first));
    this.#loadedAt = Date.now();
    if (!first) this.#changes += 1;
    this.#confirm(kept);
    if (first && kept?.isStale) this.#tell(() => this.#options.onOlder?.(kept.checkedAt, this.#failures));
    if (this.#ready) clearInterval(this.#ready.timer);
    this.#ready?.resolve();
    this.#endWindow();
    return true;
  }

  #confirm(kept?: CachedConfigInfo): void {
    // A source that finds its config unchanged does not make a refused one good.
    if (this.#state !== 'started' || this.#refused || !this.#current) return;
    this.#checkedAt = kept?.checkedAt ?? Date.now();
    this.#fromCache = kept !== undefined;
    // An older config does not end an outage.
    if (kept?.isStale) return;
    const failures = this.#failures;
    this.#failures = 0;
    this.#lastError = undefined;
    if (failures > 0) quietly(() => this.#options.onRecovery?.(failures));
  }

  #tell(tell: () => void): void {
    if (this.#state === 'started') quietly(tell);
  }

  #fail(error: ConvertError): void {
    if (this.#state !== 'started') return;
    this.#failures += 1;
    this.#lastError = error.message;
    quietly(() => this.#options.onError?.(error, this.#failures));
  }

  #endWindow(): void {
    this.#windowOver = true;
    if (!this.#window) return;
    clearTimeout(this.#window.timer);
    this.#window.resolve();
  }
}

function waiting(timer: NodeJS.Timeout): Waiting {
  let settle: Pick<Waiting, 'resolve' | 'reject'> | undefined;
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, timer, resolve: () => settle?.resolve(), reject: (error) => settle?.reject(error) };
}

function notReady(): ConvertError {
  return new ConvertError('CONVERT_NOT_READY', 'stopped before a project config arrived');
}

/** What a listener or a source throws here has nobody left to be told to, and must not end a timer's process. */
function quietly(run: () => void): void {
  try {
    run();
  } catch {
    // See above.
  }
}

/** Convert's version of a config, if it has one. */
export function versionOf({ project }: ProjectConfig): string | undefined {
  const version = project.settings?.version;
  return typeof version === 'string' || typeof version === 'number' ? String(version) : undefined;
}
