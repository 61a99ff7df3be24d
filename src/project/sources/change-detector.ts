/**
 * Passes a config on to the repository only if it differs from the config before, whether it comes from the endpoint or
 * from a cache.
 */
import { createHash } from 'node:crypto';
import type { ProjectConfig } from '../../model/project-config.js';
import type { CachedProject } from '../cache/types.js';
import type { ConfigLimits } from '../config-limits.js';
import { parseProject } from '../parse-config.js';
import type { ProjectPin } from '../project-pin.js';
import type { CachedConfigInfo, ProjectSink } from '../types.js';

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

  /** @param pin refuses configs of other projects than the one that it is pinned to */
  constructor(
    private readonly sink: ProjectSink,
    private readonly limits: ConfigLimits,
    private readonly pin: ProjectPin,
  ) {}

  get etag(): string | undefined {
    return this.#etag;
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
  answer(body: Buffer, etag: string | undefined, where: string): boolean {
    const digest = digestOf(body);
    const config = digest === this.#digest ? undefined : parseProject(body, where, this.limits);
    if (config !== undefined) this.pin.check(config, where);
    // The ETag is kept only after parsing: the ETag of an answer that could not be used must not be sent with the next
    // request.
    this.#etag = etag;
    return config === undefined ? this.confirm() : this.#pass(config, digest);
  }

  /**
   * Passes on the config of a cache; called while no config is in force. Returns false also for a config that was
   * refused before.
   *
   * @throws ConvertError `CONVERT_BAD_PROJECT`
   */
  useCached({ body, digest, etag, checkedAt }: CachedProject, where: string): boolean {
    if (digest === this.#digest) return false;
    const config = parseProject(Buffer.from(body), where, this.limits);
    this.pin.check(config, where);
    this.#etag = etag;
    return this.#pass(config, digest, { checkedAt });
  }

  #pass(config: ProjectConfig, digest: string, cached?: CachedConfigInfo): boolean {
    this.#digest = digest;
    this.#isTaken = this.sink.config(config, cached);
    this.#hasConfig ||= this.#isTaken;
    if (this.#isTaken) this.pin.to(config);
    return this.#isTaken;
  }
}

/** The SHA-256 of the text of a config, in Base64. */
export function digestOf(body: Buffer | string): string {
  return createHash('sha256').update(body).digest('base64');
}
