/** The project cache on disk. What reads and writes its files is loaded with the first call. */
import { join, resolve } from 'node:path';
import { LazyModule } from '../../utils/lazy-module.js';
import { badOption } from '../endpoints.js';
import type { ProjectCache } from './types.js';

const FOLDER = 'project-cache';

/**
 * Makes a cache in the folder `path`. Any number of processes may use the folder; each fetches the config for itself.
 * The folder is made with the first write.
 *
 * @param path relative paths are resolved against the working directory now, not later
 * @throws ConvertError `CONVERT_BAD_OPTION`
 */
export function folderCache(path: string): ProjectCache {
  if (path === '')
    throw badOption('projectCache', 'is an empty text; as a text it must be the path of a folder');
  const folder = join(resolve(path), FOLDER);
  const files = new LazyModule(async () => (await import('./folder-files.js')).folderFiles(folder));
  return {
    description: `folder ${folder}`,
    read: async (...call) => (await files.get()).read(...call),
    write: async (...call) => (await files.get()).write(...call),
  };
}
