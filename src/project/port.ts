/** The project port: where the project config comes from. */
import type { ConvertError } from '../errors.js';
import type { ProjectConfig } from '../project-config.js';

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
  /** A config that passed `validateProject`. Called again only when its content changed. */
  config(config: ProjectConfig): void;
  /** An attempt found what was delivered last: the config is fresh, and an outage is over. */
  unchanged(): void;
  /** An attempt failed; the source goes on trying. */
  error(error: ConvertError): void;
}
