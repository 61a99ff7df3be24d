/** Makes the loaded project of a config, and tells of the parts of a config that do not run. */
import type { LoadedProject } from '../context/runtime.js';
import type { Outbox } from '../delivery/types.js';
import type { Engine } from '../engine/types.js';
import {
  type ExperienceConfig,
  type ProjectConfig,
  runningExperiences,
  runsElsewhere,
} from '../model/project-config.js';
import type { ResolvedOptions } from '../options/types.js';
import { leftOut } from '../project/parse-config.js';
import { withDrafts, withoutDelivery } from './engine-views.js';

/** Makes the function that loads a config. `now` tells the milliseconds since the epoch. */
export function projectLoader(
  { debugToken, delivery, environment }: ResolvedOptions,
  { engine, outbox, now }: { readonly engine: Engine; readonly outbox: Outbox; readonly now: () => number },
): (config: ProjectConfig) => LoadedProject {
  return (config) => {
    // Only a config that was asked for with the token has drafts; in others, a status says nothing about decisions.
    const drafts = draftsOf(debugToken === undefined ? [] : (config.experiences ?? []));
    const shown = withDrafts(engine.load(config), new Set(drafts.map(({ key }) => key)));
    const isDraft = new Set(drafts.map(({ id }) => id));
    return {
      config,
      engine: delivery === false ? withoutDelivery(shown, (count) => outbox.drop(count, 'disabled')) : shown,
      running: runningExperiences(config, environment).filter((id) => !isDraft.has(id)),
      since: now(),
    };
  };
}

/** Tells of the parts of a project config that do not run. */
export function warnOfProject(
  { config, engine }: LoadedProject,
  environment: string,
  warn: (message: string) => void,
): void {
  const unusable = leftOutWarning(config);
  if (unusable !== undefined) warn(unusable);
  for (const warning of engine.warnings) warn(warning);
  const elsewhere = runsElsewhere(config, environment);
  if (elsewhere !== undefined) warn(elsewhere);
}

/** Returns the experiences that are not active. An experience without a status counts as active. */
function draftsOf(experiences: readonly ExperienceConfig[]): readonly ExperienceConfig[] {
  return experiences.filter(({ status }) => status && status !== 'active');
}

/** The most entities that the warning names. */
const MAX_NAMED = 5;

/** Names the entities of the config that can't be used, in one line. */
function leftOutWarning(config: ProjectConfig): string | undefined {
  const all = leftOut(config);
  if (all.length === 0) return undefined;
  const more = all.length > MAX_NAMED ? `; and ${all.length - MAX_NAMED} more` : '';
  return `parts of the project config can't be used and are left out: ${all.slice(0, MAX_NAMED).join('; ')}${more}`;
}
