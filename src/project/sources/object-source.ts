/** A project config that the app already holds. */
import type { ProjectConfig } from '../../model/project-config.js';
import type { ProjectSource } from '../types.js';
import { adoptProject } from '../parse-config.js';

/**
 * Delivers a copy of `config` when it is started, at once; what the app does to its object afterwards changes nothing.
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
