/** The port of a project cache: where the last good config is kept for a process that starts while the endpoint fails. */

export interface CachedProject {
  /** The config, as the endpoint sent it. May be left out of what is read where the reader knows it by its digest. */
  readonly body?: string;
  /** Tells one text from another. */
  readonly digest: string;
  /** The `ETag` that came with it. */
  readonly etag?: string | undefined;
  /** When the endpoint last said that this is the config: milliseconds since the epoch, by the clock of who reads it. */
  readonly checkedAt: number;
}

/** With its text. */
export type KeptText = CachedProject & { readonly body: string };

/**
 * A cache may fail at any time: it is then told, and done without. Keys are letters, digits, `-` and `_`, at most 128; who
 * has another secret has another key.
 */
export interface ProjectCache {
  /** What it is, without secrets: stands in logs, as in `folder /var/cache/shop`. */
  readonly description?: string;
  /** undefined where there is nothing. `known` is the digest of a text that need not be read again. */
  read(key: string, known?: string): Promise<CachedProject | undefined>;
  /** Puts it in the place of what is there. `owner` is that of `claim`: a cache that has it takes it from nobody else. */
  write(key: string, project: KeptText, owner: string): Promise<void>;
  /**
   * For caches that processes share: true where this owner may fetch now, and nobody else, for so many milliseconds or
   * until it has written. True again for who has it, with the new time; 0 gives it back.
   */
  claim?(key: string, owner: string, milliseconds: number): Promise<boolean>;
}
