/** The project port: where the project config comes from. */
import type { ProjectConfig } from '../model/project-config.js';
import type { ConvertError } from '../utils/errors.js';

/** A source delivers configs until it is stopped. It never throws and never gives up. */
export interface ProjectSource {
  /** What it is and where it reads, without secrets: stands in logs and `stats()`. */
  readonly description: string;
  /** Begins to load, and keeps the config fresh. Called once. */
  start(sink: ProjectSink): void;
  /** Ends timers, watchers and requests. */
  stop(): void;
}

export interface ProjectSink {
  /**
   * A config that passed `validateProject`. Called again only when its content changed. False where it was not taken over,
   * and the one before stays in force.
   */
  config(config: ProjectConfig, kept?: CachedConfigInfo): boolean;
  /** What was delivered last is the current one: the config is fresh and an outage is over, unless `kept` is stale. */
  unchanged(kept?: CachedConfigInfo): void;
  /** An attempt failed; the source goes on trying. */
  error(error: ConvertError): void;
  /** Something failed that costs no config: a cache. Told once, until `recovered`. */
  trouble(error: ConvertError): void;
  /** What works again, as it stands in the log. */
  recovered(what: string): void;
}

/** A config, or the word that it is the current one, that comes from a cache. */
export interface CachedConfigInfo {
  /** When its origin last said so, in milliseconds since the epoch. */
  readonly checkedAt: number;
  /** That is too long ago to rely on it: it is used for want of a better one. */
  readonly isStale: boolean;
}
