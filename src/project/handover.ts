/** What a source hands over: only what is new, whether the endpoint says so or a cache. */
import { createHash } from 'node:crypto';
import type { ProjectConfig } from '../project-config.js';
import type { KeptText } from './cache-port.js';
import { parseProject } from './parse.js';
import type { Kept, ProjectSink } from './port.js';

export class Handover {
  /** Of the config that was handed over last. */
  #etag: string | undefined;
  #digest: string | undefined;
  /** Whether the keeper took that one over, and whether it ever took one. */
  #isTaken = false;
  #hasConfig = false;
  /** When the endpoint last said that it is the one, by performance.now(). */
  #checked = -Infinity;

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
    if (this.#isTaken) this.#checked = performance.now();
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
    return config === undefined ? this.confirm() : this.#give(config, digest, performance.now());
  }

  /**
   * What a cache has, unless what is in force is newer: the endpoint, or another process, may be ahead of a cache that
   * failed. True where it is the one in force then.
   *
   * @throws ConvertError `CONVERT_BAD_PROJECT`
   */
  kept({ body, digest, etag }: KeptText, kept: Kept, where: string): boolean {
    const checked = performance.now() - Math.max(0, Date.now() - kept.checkedAt);
    if (checked <= this.#checked) return digest === this.#digest && this.#isTaken;
    const config = digest === this.#digest ? undefined : parseProject(Buffer.from(body), where);
    this.#etag = etag;
    if (config !== undefined) return this.#give(config, digest, checked, kept);
    if (this.#isTaken) this.#checked = checked;
    this.sink.unchanged(kept);
    return this.#isTaken;
  }

  #give(config: ProjectConfig, digest: string, checked: number, kept?: Kept): boolean {
    this.#digest = digest;
    this.#isTaken = this.sink.config(config, kept);
    if (this.#isTaken) {
      this.#hasConfig = true;
      this.#checked = checked;
    }
    return this.#isTaken;
  }
}

export function digestOf(body: Buffer | string): string {
  return createHash('sha256').update(body).digest('base64');
}
