/** Makes the outbox that keeps its events on disk, so that they outlive the process. */
import { createOutbox } from '../outbox.js';
import { DEFAULT_QUEUE_BYTES, type OutboxFactory } from '../types.js';
import { SpoolBackend } from './backend.js';
import { nodeFiles, type SpoolFiles } from './files.js';
import type { SpoolFolderOptions } from './folder.js';
import { asObject, ownProperties } from '../../utils/objects.js';

/** The option `delivery.spool`: a folder that keeps events until they are delivered. */
export interface SpoolOptions {
  /**
   * The path of a folder on a local disk, which processes and projects may share. The folder is made if it is missing.
   */
  path: string;
  /**
   * Bytes of events of one process that may wait on disk. The last tenth is kept for conversions. Default 1073741824 (1
   * GiB).
   */
  maxBytes?: number;
}

/** The default of `SpoolOptions.maxBytes`. */
export const DEFAULT_SPOOL_BYTES = 1024 ** 3;

/** Makes the factory of an outbox that keeps its events in a folder on disk. `internals` is for tests. */
export function spoolOutbox(
  given: string | SpoolOptions,
  internals: SpoolFolderOptions & { files?: SpoolFiles } = {},
): OutboxFactory {
  const { path, maxBytes = DEFAULT_SPOOL_BYTES } =
    typeof given === 'string' ? ownProperties<SpoolOptions>({ path: given }) : asObject(given);
  const { files = nodeFiles, ...folder } = internals;
  return (options) =>
    createOutbox(
      options,
      (core) =>
        new SpoolBackend(core, {
          ...folder,
          files,
          root: path,
          maxBytes,
          memoryBytes: options.maxQueueBytes ?? DEFAULT_QUEUE_BYTES,
        }),
    );
}
