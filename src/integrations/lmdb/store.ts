/** Keeps visitor state in LMDB, for the processes of one machine. */
import { resolve } from 'node:path';
import type * as Lmdb from 'lmdb';
import { documentStore } from '../../store/document-store.js';
import { RETENTION_OPTIONS, retentionOf, type RetentionOptions } from '../../store/retention.js';
import type { VisitorStore } from '../../store/types.js';
import { ConvertError } from '../../utils/errors.js';
import { withInstalled } from '../../utils/node/app-require.js';
import { assertOptions, shape, text } from '../../utils/option-checks.js';
import { LmdbDocuments } from './documents.js';

export type LmdbStoreOptions = RetentionOptions;

const check = shape(RETENTION_OPTIONS);

/**
 * Makes a store for the option `store`, in a folder on a local disk (not on a network file system). The folder is made
 * if it is missing; the files lie in a folder `visitor-state` inside of it, which only the user of this process can
 * enter. Processes and projects may share it: the first write wins over all of them. Handlers don't
 * wait, since reading takes microseconds. Committed state outlives the process; a power cut may lose the last moments.
 *
 * @example
 * ```js
 * const convert = createConvert({ sdkKey: '10035569/10034190', store: lmdbStore('/var/lib/shop/visitors') });
 * ```
 *
 * @throws ConvertError `CONVERT_BAD_OPTION`, also if the package lmdb is not installed
 */
export function lmdbStore(path: string, options: LmdbStoreOptions = {}): VisitorStore {
  const [wrong] = text(path, 'path');
  if (wrong !== undefined) throw new ConvertError('CONVERT_BAD_OPTION', wrong);
  assertOptions(check, options);
  const { open } = withInstalled(
    'lmdb',
    'lmdbStore() needs the package lmdb 3.5',
    (require) => require('lmdb') as typeof Lmdb,
  );
  return documentStore(new LmdbDocuments({ path: resolve(path), open, ...retentionOf(options) }));
}
