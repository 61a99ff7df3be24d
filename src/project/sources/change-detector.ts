/**
 * Passes a config on to the repository only if it differs from the config before, whether it comes from the endpoint or
 * from a cache.
 */
import type { ProjectConfig } from '../../model/project-config.js';
import type { CachedProject } from '../cache/types.js';
import type { ConfigLimits } from '../config-limits.js';
import { parseProject } from '../parse-config.js';
import type { ProjectPin } from '../project-pin.js';
import { utf8 } from '../../utils/node/bytes.js';
import type { CachedConfigInfo, ProjectSink } from '../types.js';

/** Returns the SHA-256 of the text of a config, in Base64. */
export type DigestOf = (body: Uint8Array | string) => string;

export interface ChangeDetectorOptions {
  readonly limits: ConfigLimits;
  /** Refuses configs of other projects than the one that it is pinned to. */
  readonly pin: ProjectPin;
  readonly digestOf: DigestOf;
}

export class ChangeDetector {
  /** The ETag of the config that was passed on last. */
  #etag: string | undefined;
  #digest: string | undefined;
  /**
   * True if the repository took over the config that was passed on last; `#hasConfig` is true if it took over any
   * config.
   */
  #isTaken = false;
  #hasConfig = false;

  constructor(
    private readonly sink: ProjectSink,
    private readonly options: ChangeDetectorOptions,
  ) {}

  get etag(): string | undefined {
    return this.#etag;
  }

  /** True if the config in force has this digest. */
  isOf(digest: string): boolean {
    return this.#isTaken && digest === this.#digest;
  }

  /** True if a config is in force. */
  get hasConfig(): boolean {
    return this.#hasConfig;
  }

  /**
   * Called if the endpoint says that the config has not changed. Returns false, as do the methods below, if the
   * repository did not take that config over.
   */
  confirm(): boolean {
    this.sink.unchanged();
    return this.#isTaken;
  }

  /**
   * Passes on the config in an answer of the endpoint, if the config has changed.
   *
   * @throws ConvertError `CONVERT_BAD_PROJECT`
   */
  answer(body: Uint8Array, etag: string | undefined, where: string): boolean {
    const { digestOf, limits, pin } = this.options;
    const digest = digestOf(body);
    const config = digest === this.#digest ? undefined : parseProject(body, where, limits);
    if (config !== undefined) pin.check(config, where);
    // The ETag is kept only after parsing: the ETag of an answer that could not be used must not be sent with the next
    // request.
    this.#etag = etag;
    return config === undefined ? this.confirm() : this.#pass(config, digest);
  }

  /**
   * Passes on the config of a cache; called while no newer config is in force. Returns false also for a config that was
   * refused before. `isCurrent` as in `CachedConfigInfo`.
   *
   * @throws ConvertError `CONVERT_BAD_PROJECT`
   */
  useCached({ body, digest, etag, checkedAt }: CachedProject, where: string, isCurrent = false): boolean {
    if (digest === this.#digest) return false;
    const { limits, pin } = this.options;
    const config = parseProject(utf8(body), where, limits);
    pin.check(config, where);
    this.#etag = etag;
    return this.#pass(config, digest, { checkedAt, ...(isCurrent && { isCurrent }) });
  }

  #pass(config: ProjectConfig, digest: string, cached?: CachedConfigInfo): boolean {
    this.#digest = digest;
    this.#isTaken = this.sink.config(config, cached);
    this.#hasConfig ||= this.#isTaken;
    if (this.#isTaken) this.options.pin.to(config);
    return this.#isTaken;
  }
}
