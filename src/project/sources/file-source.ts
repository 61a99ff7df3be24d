/** Reads the project config from a JSON file, again whenever the file changes. */
import { resolve } from 'node:path';
import { asConvertError, codeOf } from '../../utils/errors.js';
import type { FileWatcher } from '../../utils/node/file-watcher.js';
import { badOption } from '../endpoints.js';
import { MAX_CONFIG_BYTES } from '../config-limits.js';
import { parseProjectFile } from '../parse-config.js';
import type { ProjectSink, ProjectSource } from '../types.js';
import { digestOf } from './digest.js';

export interface FileSourceOptions {
  /** Milliseconds between two checks whether the file has changed. Default 2,000. */
  interval?: number;
  /** Milliseconds that a changed file must stand still before it is read. Default 100. */
  settleMs?: number;
  /** Largest file, in bytes. Default 5 MiB. */
  maxBytes?: number;
}

/**
 * Makes a source that reads the file at once, and again whenever `FileWatcher` finds it changed. A missing or broken
 * file leaves the last config in force. The source does not keep the process alive.
 *
 * @param path relative paths are resolved against the working directory now, not later
 * @throws ConvertError `CONVERT_BAD_OPTION`
 */
export function fileSource(path: string, options: FileSourceOptions = {}): ProjectSource {
  const { interval = 2_000, settleMs = 100, maxBytes = MAX_CONFIG_BYTES } = options;
  if (path === '') throw badOption('project', 'is an empty text; as a text it must be the path of a file');
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(path)) {
    throw badOption(
      'project',
      'must be the path of a file, not a URL (for a URL set sdkKey and endpoints.config)',
    );
  }
  const file = resolve(path);
  const description = `project file ${file}`;
  let watcher: FileWatcher | undefined;
  let isStopped = false;
  /**
   * The digest of the file's content as it was read last; `deliveredDigest` is that of the config that was delivered
   * last.
   */
  let digest: string | undefined;
  let deliveredDigest: string | undefined;

  function receive(sink: ProjectSink, body: Buffer): void {
    const before = digest;
    digest = digestOf(body);
    if (digest === deliveredDigest) return sink.unchanged();
    // Content that is broken is reported once, not at each reading.
    if (digest === before) return;
    try {
      const config = parseProjectFile(body, description, { maxBytes });
      deliveredDigest = digest;
      sink.config(config);
    } catch (error) {
      fail(sink, error);
    }
  }

  function fail(sink: ProjectSink, error: unknown): void {
    sink.error(asConvertError(error, 'CONVERT_PROJECT_UNREACHABLE', `${description} cannot be read`));
  }

  async function watch(sink: ProjectSink): Promise<void> {
    const { FileWatcher } = await import('../../utils/node/file-watcher.js');
    if (isStopped) return;
    watcher = new FileWatcher(
      { path: file, interval, settleMs, maxBytes },
      {
        bytes: (body) => receive(sink, body),
        unreadable: (cause) => fail(sink, withoutPath(cause)),
        unchanged() {
          if (digest === deliveredDigest) sink.unchanged();
        },
      },
    );
    await watcher.start();
  }

  return {
    description,
    start(sink) {
      if (!isStopped) watch(sink).catch((error: unknown) => fail(sink, error));
    },
    stop() {
      isStopped = true;
      watcher?.stop();
    },
  };
}

/** Replaces a system error by one whose message is only the code: the original message repeats the path. */
function withoutPath(cause: unknown): unknown {
  return cause instanceof Error && 'code' in cause ? new Error(codeOf(cause), { cause }) : cause;
}
