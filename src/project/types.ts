/** The interface of a project source: where the project config comes from. */
import type { ProjectConfig } from '../model/project-config.js';
import type { ConvertError } from '../utils/errors.js';

/** A source of project configs. It delivers configs until it is stopped. It never throws and never gives up. */
export interface ProjectSource {
  /** The kind of source and where it reads, without secrets: stands in logs and `stats()`. */
  readonly description: string;
  /** Begins to load, and keeps the config fresh. Called once. */
  start(sink: ProjectSink): void;
  /** Ends timers, watchers and requests. */
  stop(): void;
  /**
   * Fetches a config that holds the experience of this id, also if it is a draft or paused, for preview links. Resolves
   * with undefined if there is no such experience, and rejects if that could not be found out. A source without this
   * method shows by preview links what its config holds.
   */
  draft?(experienceId: string): Promise<ProjectConfig | undefined>;
}

/** Takes what a project source has found. */
export interface ProjectSink {
  /**
   * Delivers a config that passed `validateProject`. Called again only when the content of the config has changed.
   * `cached` is given for a config from a cache, which is used for want of a newer one, and ends no outage. Returns
   * false if the config was not taken over; the one before stays in force.
   */
  config(config: ProjectConfig, cached?: CachedConfigInfo): boolean;
  /** Says that the config that was delivered last is still the current one: an outage is over. */
  unchanged(): void;
  /** Reports that an attempt to load the config failed; the source goes on trying. */
  error(error: ConvertError): void;
  /** Reports that the project cache failed; configs are delivered all the same. Called once, until `recovered`. */
  cacheFailed(error: ConvertError): void;
  /** Says that the project cache works again; `what` is the line of the log. */
  recovered(what: string): void;
}

/** The age of a config that comes from a cache. */
export interface CachedConfigInfo {
  /** When the endpoint last said that this config is the current one, in milliseconds since the epoch. */
  readonly checkedAt: number;
  /** True if the source asks the endpoint only later, since the config is not old enough. Default false. */
  readonly isCurrent?: boolean;
}
