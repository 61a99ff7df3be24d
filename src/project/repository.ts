/** Holds the project config that is in force, and lets requests wait for the first one. */
import type { ProjectConfig } from '../model/project-config.js';
import { asConvertError, ConvertError } from '../utils/errors.js';
import { HealthReporter } from '../utils/health-reporter.js';
import { InOrder } from '../utils/in-order.js';
import { adoptProject } from './parse-config.js';
import { ConfigWindow } from './config-window.js';
import type { CachedConfigInfo, ProjectSource } from './types.js';
import { createWaiter, type Waiter } from './waiter.js';

export interface ProjectRepositoryOptions<Loaded> {
  /**
   * The most milliseconds that requests wait for the first config to arrive, counted from the first request that asked.
   * Default 250; 0 never waits.
   */
  readyTimeout?: number;
  /**
   * Makes the object that is in force for a config. If `load` throws or rejects, the config before stays in force, and
   * the reason goes to `onError`.
   */
  load(config: ProjectConfig): Loaded | Promise<Loaded>;
  /** Called after a config was put in force. */
  onConfig?(loaded: Loaded, isFirst: boolean): void;
  /**
   * Called after `onConfig` if the first config is one from a cache, which is in force until the endpoint delivers one.
   * Not called if the source does not ask the endpoint yet.
   */
  onOlder?(checkedAt: number, failures: number): void;
  /**
   * Called for every attempt that failed. `inARow` is 1 for the first failure after a success, which is worth a log
   * line.
   */
  onError?(error: ConvertError, inARow: number): void;
  /** Called at the first success after `failures` failures in a row. */
  onRecovery?(failures: number): void;
  /** Called if the cache of the source failed: once, until `onCacheRecovery`, which gets a sentence for the log. */
  onCacheFailure?(error: ConvertError): void;
  onCacheRecovery?(what: string): void;
}

/** `stats().project`: the project config in force, and how it came. */
export interface ProjectStats {
  /** The description of the source. */
  readonly source: string;
  /** When the config in force was taken over, in milliseconds since the epoch. */
  readonly loadedAt: number | undefined;
  /** When the source last found the config in force to be the current one, in milliseconds since the epoch. */
  readonly checkedAt: number | undefined;
  /** True if the config in force comes from the project cache, as of `checkedAt`; the endpoint has not confirmed it. */
  readonly fromCache: boolean;
  /** The number of configs that were taken over after the first one. */
  readonly changes: number;
  /** The number of failures since the last success. */
  readonly failures: number;
  /** The message of the last failure; undefined after a success. */
  readonly lastError: string | undefined;
  /** Convert's version of the config in force, if it has one. */
  readonly version: string | undefined;
}

/** What became of a config: it was loaded, or there is a reason why not. */
type Outcome<Loaded> =
  { readonly config: ProjectConfig; readonly loaded: Loaded } | { readonly refusal: unknown };

/**
 * Milliseconds, from the last call of `ready()`, for which it keeps the process alive: as long as one fetch may take.
 * After that, a process that has nothing else to do may end.
 */
const KEEP_ALIVE = 10_000;

export class ProjectRepository<Loaded> {
  readonly #source: ProjectSource;
  readonly #options: ProjectRepositoryOptions<Loaded>;
  #state: 'new' | 'started' | 'stopped' = 'new';
  #current: Loaded | undefined;
  #version: string | undefined;
  #loadedAt: number | undefined;
  #checkedAt: number | undefined;
  #fromCache = false;
  #changes = 0;
  readonly #health = new HealthReporter();
  /** Configs may take time to load, and what the source tells after a config is about that config. */
  readonly #order = new InOrder();
  #lastError: string | undefined;
  /** True if the last config of the source was refused, so that the config before stays in force. */
  #isRefused = false;
  #ready: Waiter | undefined;
  /** The wait of requests for the first config. */
  readonly #window: ConfigWindow;

  constructor(source: ProjectSource, options: ProjectRepositoryOptions<Loaded>) {
    this.#source = source;
    this.#options = options;
    this.#window = new ConfigWindow(options.readyTimeout);
  }

  /**
   * The object that `load` made for the config in force; undefined until the first config is there. Stays after
   * `stop()`.
   */
  get current(): Loaded | undefined {
    return this.#current;
  }

  start(): void {
    if (this.#state !== 'new') return;
    this.#state = 'started';
    try {
      this.#source.start({
        config: (config, cached) => this.#receive(config, cached),
        unchanged: () => this.#order.run(undefined, () => this.#confirm()),
        error: (error) =>
          this.#order.run(error, () =>
            this.#fail(asConvertError(error, 'CONVERT_PROJECT_UNREACHABLE', 'no project config')),
          ),
        cacheFailed: (error) => this.#notify(() => this.#options.onCacheFailure?.(error)),
        recovered: (what) => this.#notify(() => this.#options.onCacheRecovery?.(what)),
      });
    } catch (error) {
      // A source of the app may throw, which must not end `createConvert()`.
      this.#fail(
        asConvertError(error, 'CONVERT_PROJECT_UNREACHABLE', `${this.#source.description} cannot start`),
      );
    }
  }

  /** Stops the source. A promise of `ready()` that waits rejects, and one of `waitForFirst()` resolves. Idempotent. */
  stop(): void {
    if (this.#state === 'stopped') return;
    this.#state = 'stopped';
    quietly(() => this.#source.stop());
    this.#window.end();
    clearTimeout(this.#ready?.timer);
    this.#ready?.reject(notReady());
  }

  /**
   * Resolves once a config is in force, however long that takes. Rejects with `CONVERT_NOT_READY` if the repository is
   * stopped before; a rejection that nobody handles does no harm. Each call keeps the process alive for at most
   * `keepAlive` milliseconds; default 10,000.
   */
  ready(keepAlive = KEEP_ALIVE): Promise<void> {
    if (this.#current) return Promise.resolve();
    if (!this.#ready) {
      this.#ready = createWaiter();
      this.#ready.promise.catch(() => {});
      if (this.#state === 'stopped') this.#ready.reject(notReady());
    }
    if (keepAlive > 0 && this.#state !== 'stopped') {
      clearTimeout(this.#ready.timer);
      this.#ready.timer = setTimeout(() => {}, keepAlive);
    }
    return this.#ready.promise;
  }

  /** Has requests wait until this code is loaded, which every config needs, see `ConfigWindow.waitFor`. */
  waitForCode(code: Promise<unknown>): void {
    this.#window.waitFor(code);
  }

  /** True if the first config has arrived, and is not loaded yet. */
  get isLoading(): boolean {
    return this.#window.isLoading;
  }

  /** Lets a request wait for the first config, see `ConfigWindow.wait`. */
  waitForFirst(): Promise<void> | undefined {
    return this.#current ? undefined : this.#window.wait();
  }

  stats(): ProjectStats {
    return {
      source: this.#source.description,
      loadedAt: this.#loadedAt,
      checkedAt: this.#checkedAt,
      fromCache: this.#fromCache,
      changes: this.#changes,
      failures: this.#health.failures,
      lastError: this.#lastError,
      version: this.#version,
    };
  }

  /** Returns false if the config is refused at once; a config that takes time to load counts as taken over. */
  #receive(given: ProjectConfig, cached?: CachedConfigInfo): boolean {
    if (this.#state !== 'started') return false;
    let isTaken = true;
    const loading = this.#load(given);
    if (loading instanceof Promise) this.#window.arrived();
    this.#order.run(loading, (outcome) => {
      isTaken = this.#take(outcome, cached);
    });
    return isTaken;
  }

  #load(given: ProjectConfig): Outcome<Loaded> | Promise<Outcome<Loaded>> {
    const refused = (refusal: unknown): Outcome<Loaded> => ({ refusal });
    try {
      // A source of the app may deliver something else than a config.
      const config = adoptProject(given, this.#source.description);
      const loading = this.#options.load(config);
      return loading instanceof Promise
        ? loading.then((loaded) => ({ config, loaded }), refused)
        : { config, loaded: loading };
    } catch (error) {
      return refused(error);
    }
  }

  #take(outcome: Outcome<Loaded>, cached?: CachedConfigInfo): boolean {
    if (this.#state !== 'started') return false;
    this.#isRefused = 'refusal' in outcome;
    if ('refusal' in outcome) {
      this.#window.refused();
      this.#fail(
        asConvertError(outcome.refusal, 'CONVERT_BAD_PROJECT', 'the project config was not taken over'),
      );
      return false;
    }
    const { config, loaded } = outcome;
    const first = this.#current === undefined;
    this.#current = loaded;
    this.#version = versionOf(config);
    quietly(() => this.#options.onConfig?.(loaded, first));
    this.#loadedAt = Date.now();
    if (!first) this.#changes += 1;
    this.#confirm(cached);
    if (first && cached && cached.isCurrent !== true)
      this.#notify(() => this.#options.onOlder?.(cached.checkedAt, this.#health.failures));
    clearTimeout(this.#ready?.timer);
    this.#ready?.resolve();
    this.#window.end();
    return true;
  }

  #confirm(cached?: CachedConfigInfo): void {
    // A refused config stays refused, even if the source says that its config is unchanged.
    if (this.#state !== 'started' || this.#isRefused || !this.#current) return;
    this.#checkedAt = cached?.checkedAt ?? Date.now();
    this.#fromCache = cached !== undefined;
    // A config from a cache does not end an outage.
    if (cached) return;
    const { failures } = this.#health;
    this.#lastError = undefined;
    if (this.#health.succeeded()) quietly(() => this.#options.onRecovery?.(failures));
  }

  #notify(call: () => void): void {
    if (this.#state === 'started') quietly(call);
  }

  #fail(error: ConvertError): void {
    if (this.#state !== 'started') return;
    this.#health.failed();
    this.#lastError = error.message;
    quietly(() => this.#options.onError?.(error, this.#health.failures));
  }
}

function notReady(): ConvertError {
  return new ConvertError('CONVERT_NOT_READY', 'stopped before a project config arrived');
}

/**
 * Calls `run`, and drops its error: an error of a listener or a source that is thrown from a timer would end the
 * process.
 */
function quietly(run: () => void): void {
  try {
    run();
  } catch {
    // The error is dropped: there is no caller that could handle it.
  }
}

/** Convert's version of a config, if it has one. */
export function versionOf({ project }: ProjectConfig): string | undefined {
  const version = project.settings?.version;
  return typeof version === 'string' || typeof version === 'number' ? String(version) : undefined;
}
