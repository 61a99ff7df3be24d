/** The project config from a JSON file, read again whenever the file changes. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { asConvertError, codeOf, ConvertError } from '../../utils/errors.js';
import { type FileStat, statFile } from '../../utils/node/file-look.js';
import { unrefTimeout } from '../../utils/node/quiet-timeout.js';
import { badOption } from '../endpoints.js';
import { MAX_CONFIG_BYTES, parseProject } from '../parse-config.js';
import type { ProjectSink, ProjectSource } from '../types.js';

export interface FileSourceOptions {
  /** Milliseconds between two looks at the file. Default 2,000. */
  interval?: number;
  /** Milliseconds that a changed file must stand still before it is read. Default 100. */
  settle?: number;
  /** Largest file, in bytes. Default 20 MiB. */
  maxBytes?: number;
}

/**
 * Reads the file at once, then looks at it at an interval. It looks by path and follows links, so that a file replaced
 * by a rename (editors, deployments) or behind a swapped link (Kubernetes config maps) is seen, also on network drives
 * where the system reports no changes. A missing or broken file leaves the last config in place. Nothing here keeps a
 * process alive.
 *
 * @param path relative paths are resolved against the working directory now, not later
 * @throws ConvertError `CONVERT_BAD_OPTION`
 */
export function fileSource(path: string, options: FileSourceOptions = {}): ProjectSource {
  const { interval = 2_000, settle = 100, maxBytes = MAX_CONFIG_BYTES } = options;
  if (path === '') throw badOption('project', 'is an empty text; as a text it must be the path of a file');
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(path)) {
    throw badOption(
      'project',
      'must be the path of a file, not a URL (for a URL set sdkKey and endpoints.config)',
    );
  }
  const file = resolve(path);
  const description = `project file ${file}`;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  /** What the file looked like when it was read; undefined: read it again. */
  let read: string | undefined;
  /** A new look, which must be seen twice. */
  let fresh: string | undefined;
  let digest: string | undefined;
  let deliveredDigest: string | undefined;

  async function look(sink: ProjectSink): Promise<void> {
    const seen = await statFile(file);
    if (stopped) return;
    if (seen.look === read) {
      if (digest === deliveredDigest) sink.unchanged();
    } else if (read !== undefined && seen.look !== fresh) {
      // Perhaps somebody is still writing.
      fresh = seen.look;
      return again(sink, settle);
    } else {
      await load(sink, seen);
    }
    again(sink, interval);
  }

  async function load(sink: ProjectSink, seen: FileStat): Promise<void> {
    fresh = undefined;
    try {
      const body = await readUpTo(file, maxBytes, seen);
      if (stopped) return;
      // '' is no look: it is read once more when it stands still.
      read = seen.racy ? '' : seen.look;
      deliver(sink, body);
    } catch (error) {
      if (stopped) return;
      // What the content causes is told once; what the system causes may pass without a change of the file.
      if (!(error instanceof ConvertError && error.code === 'CONVERT_BAD_PROJECT')) read = undefined;
      sink.error(asConvertError(error, 'CONVERT_PROJECT_UNREACHABLE', `${description} cannot be read`));
    }
  }

  function deliver(sink: ProjectSink, body: Buffer): void {
    const newDigest = createHash('sha256').update(body).digest('base64');
    const known = newDigest === digest;
    digest = newDigest;
    if (digest === deliveredDigest) return sink.unchanged();
    if (known) return;
    const config = parseProject(body, description);
    deliveredDigest = digest;
    sink.config(config);
  }

  function again(sink: ProjectSink, delay: number): void {
    if (!stopped) timer = unrefTimeout(() => void look(sink), delay);
  }

  return {
    description,
    start(sink) {
      if (!stopped) void look(sink);
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

async function readUpTo(file: string, maxBytes: number, { fault }: FileStat): Promise<Buffer> {
  if (fault !== undefined) throw new Error(fault);
  const handle = await open(file).catch((cause: unknown) => {
    throw new Error(codeOf(cause), { cause });
  });
  const chunks: Buffer[] = [];
  let size = 0;
  // Counted while it comes, because a file can grow. The stream closes the handle.
  for await (const chunk of handle.createReadStream() as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new Error(`it is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}
