/** What of a project is for an environment. */
import { liveExperiences, type ProjectConfig } from './project-config.js';

/**
 * Says so where no experience runs in this environment, and there are some for others: that nothing runs for this reason
 * has to be seen. undefined where all is well.
 */
export function runsElsewhere({ experiences = [] }: ProjectConfig, environment: string): string | undefined {
  const found = new Set(experiences.map((experience) => experience.environment || environment));
  if (found.size === 0 || found.has(environment)) return undefined;
  const names = [...found].map((name) => `'${name}'`).join(', ');
  return (
    `no experience of the project runs in the environment '${environment}'; it has experiences for ${names}.` +
    ' Set the option `environment` (or CONVERT_ENVIRONMENT)'
  );
}

/** Ids of the experiences that a visitor may be in, in this environment. */
export function runningExperiences(config: ProjectConfig, environment: string): string[] {
  return liveExperiences(config)
    .filter((experience) => !experience.environment || experience.environment === environment)
    .map(({ id }) => String(id));
}
