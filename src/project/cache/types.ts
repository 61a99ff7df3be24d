/**
 * The interface of a cache that keeps the last good project config for a process that starts while the endpoint fails.
 */

export interface CachedProject {
  /** The config, as the endpoint sent it. */
  readonly body: string;
  /** SHA-256 of `body`, in Base64. */
  readonly digest: string;
  /** The `ETag` that the endpoint sent with `body`. */
  readonly etag?: string | undefined;
  /** When the endpoint last said that `body` is the current config: milliseconds since the epoch. */
  readonly checkedAt: number;
}

/**
 * A cache of project configs. It may fail at any time: an error event and a line in the log say so, and the config is
 * fetched without the cache. Keys are letters, digits, `-` and `_`, at most 128; another `sdkKeySecret` makes another
 * key.
 */
export interface ProjectCache {
  /** A name without secrets, which stands in logs, as in `folder /var/cache/shop`. */
  readonly description?: string;
  /**
   * Called once, at the start. Resolves with undefined if there is nothing under this key. A config of more than
   * `maxBytes` bytes is not used, so that it need not be read.
   */
  read(key: string, maxBytes?: number): Promise<CachedProject | undefined>;
  /** Called after each successful fetch. The last write wins, but an older `checkedAt` replaces no newer one. */
  write(key: string, project: CachedProject): Promise<void>;
  /** Called once, when the Convert closes: no call follows. */
  close?(): void | Promise<void>;
}
