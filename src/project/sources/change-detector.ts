/** What a source hands over: only what is new, whether the endpoint says so or a cache. */
import { createHash } from 'node:crypto';
import type { ProjectConfig } from '../../model/project-config.js';
import type { CachedProject } from '../cache/types.js';
import { parseProject } from '../parse-config.js';
import type { CachedConfigInfo, ProjectSink } from '../types.js';

export class ChangeDetector {
  /** Of the config that was handed over last. */
  #etag: string | undefined;
  #digest: string | undefined;
  /** Whether the keeper took that one over, and whether it ever took one. */
  #isTaken = false;
  #hasConfig = false;

  constructor(private readonly sink: ProjectSink) {}

  get etag(): string | undefined {
    return this.#etag;
  }

  /** One is in force. */
  get hasConfig(): boolean {
    return this.#hasConfig;
  }

  /** The endpoint says that nothing has changed. Here and below: false where that config was not taken over. */
  confirm(): boolean {
    this.sink.unchanged();
    return this.#isTaken;
  }

  /**
   * An answer of the endpoint.
   *
   * @throws ConvertError `CONVERT_BAD_PROJECT`
   */
  answer(body: Buffer, etag: string | undefined, where: string): boolean {
    const digest = digestOf(body);
    const config = digest === this.#digest ? undefined : parseProject(body, where);
    // Only now: the ETag of an answer that could not be used must not be offered again.
    this.#etag = etag;
    return config === undefined ? this.confirm() : this.#give(config, digest);
  }

  /**
   * What a cache has, while nothing is in force. False also where it is the answer that was not taken over.
   *
   * @throws ConvertError `CONVERT_BAD_PROJECT`
   */
  kept({ body, digest, etag, checkedAt }: CachedProject, where: string): boolean {
    if (digest === this.#digest) return false;
    const config = parseProject(Buffer.from(body), where);
    this.#etag = etag;
    return this.#give(config, digest, { checkedAt, isStale: true });
  }

  #give(config: ProjectConfig, digest: string, kept?: CachedConfigInfo): boolean {
    this.#digest = digest;
    this.#isTaken = this.sink.config(config, kept);
    this.#hasConfig ||= this.#isTaken;
    return this.#isTaken;
  }
}

export function digestOf(body: Buffer | string): string {
  return createHash('sha256').update(body).digest('base64');
}
