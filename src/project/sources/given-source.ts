/** The project source of an app that gives the config itself, or a source of its own. */
import type { ProjectConfig } from '../../model/project-config.js';
import { badOption } from '../endpoints.js';
import { adoptProject } from '../parse-config.js';
import type { ProjectSource } from '../types.js';

/** @throws ConvertError `CONVERT_BAD_OPTION`, or `CONVERT_BAD_PROJECT` for a wrong object */
export function givenSource(project: unknown): ProjectSource {
  if (typeof project !== 'object' || project === null) {
    throw badOption(
      'project',
      'must be a config object, the path of a JSON file, or a source with start() and stop()',
    );
  }
  return isSource(project) ? project : objectSource(project);
}

function isSource(project: object): project is ProjectSource {
  const { start, stop } = project as Partial<ProjectSource>;
  if (typeof start === 'function' && typeof stop === 'function') return true;
  if (start === undefined) return false;
  throw badOption('project', 'has a start but no stop; a source needs both');
}

/**
 * Makes a source that delivers a copy of `config` as soon as it is started. Changes that the app makes to its object
 * later have no effect.
 *
 * @throws ConvertError `CONVERT_BAD_PROJECT`
 */
export function objectSource(config: unknown): ProjectSource {
  const project: ProjectConfig = adoptProject(config, 'option project');
  return {
    description: 'object given as option project',
    start: (sink) => sink.config(project),
    stop() {},
  };
}
