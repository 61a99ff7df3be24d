/** Picks the project source that the options of the app ask for. */
import type { ProjectConfig } from '../../model/project-config.js';
import type { ShortProject } from '../../model/short-project.js';
import { ConvertError } from '../../utils/errors.js';
import { folderCache } from '../cache/folder-cache.js';
import type { ProjectCache } from '../cache/types.js';
import { checkSdkKey } from '../endpoints.js';
import type { ProjectSource } from '../types.js';
import { fileSource } from './file-source.js';
import { givenSource } from './given-source.js';
import { httpSource, type HttpSourceOptions } from './http-source.js';

export interface ResolveProjectOptions extends Omit<Partial<HttpSourceOptions>, 'cache'> {
  /**
   * A config object, also in the short form, the path of a JSON file, or a source of the app's own. If it is given,
   * nothing is fetched with `sdkKey`.
   */
  project?: ProjectConfig | ShortProject | string | ProjectSource;
  /** The path of a folder, or a cache, for the config that is fetched with `sdkKey`. Not used if `project` is given. */
  projectCache?: string | ProjectCache;
}

/**
 * Returns the source for `project`, or else for `sdkKey`. If both are given, the config comes from `project`, and the
 * key is only checked: events are posted under it.
 *
 * @throws ConvertError `CONVERT_NO_PROJECT`, `CONVERT_BAD_OPTION`, or `CONVERT_BAD_PROJECT` for a wrong object
 */
export function resolveProject(options: ResolveProjectOptions): ProjectSource {
  const { project, projectCache, ...http } = options;
  if (http.sdkKey !== undefined) checkSdkKey(http.sdkKey);
  if (project !== undefined) return sourceOf(project, http.maxBytes);
  if (http.sdkKey !== undefined) {
    const cache = typeof projectCache === 'string' ? folderCache(projectCache) : projectCache;
    return httpSource({ ...http, sdkKey: http.sdkKey, cache });
  }
  throw new ConvertError(
    'CONVERT_NO_PROJECT',
    'no project. Give one of: sdkKey (or the environment variable CONVERT_SDK_KEY), to fetch its config ' +
      'from Convert; ' +
      'project as the path of a JSON file (or CONVERT_PROJECT_FILE); project as a config object',
  );
}

function sourceOf(project: unknown, maxBytes: number | undefined): ProjectSource {
  const wrong = Array.isArray(project)
    ? 'a list: one Convert has one project (docs/guides/two-projects.md)'
    : typeof project === 'string' && /^\s*[{[]/.test(project)
      ? 'JSON: give the path of a file, or the object itself (`JSON.parse`)'
      : undefined;
  if (wrong !== undefined) throw new ConvertError('CONVERT_BAD_OPTION', `option \`project\` is ${wrong}`);
  return typeof project === 'string' ? fileSource(project, { maxBytes }) : givenSource(project);
}
