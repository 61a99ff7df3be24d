/** Makes the loaded project of a config, and tells of the parts of a config that do not run. */
import type { LoadedProject } from '../context/runtime.js';
import type { DisabledBy } from '../delivery/types.js';
import type { Engine } from '../engine/types.js';
import {
  type ExperienceConfig,
  liveExperiences,
  type ProjectConfig,
  runningExperiences,
  runsElsewhere,
} from '../model/project-config.js';
import { NO_ACCOUNT } from '../model/short-project.js';
import type { ResolvedOptions } from '../options/types.js';
import { leftOut } from '../project/parse-config.js';
import { userAgentParser } from '../request/user-agent/parser.js';
import { asConvertError } from '../utils/errors.js';
import { allOf } from '../utils/lazy-module.js';
import type { WarningCode } from '../utils/warning-codes.js';
import { withDrafts, withoutDelivery } from './engine-views.js';
import type { LoadableOutbox } from './late-outbox.js';

interface LoaderParts {
  readonly engine: Engine;
  readonly outbox: LoadableOutbox;
  /** Tells the milliseconds since the epoch. */
  readonly now: () => number;
}

/** Makes the function that loads a config: at once, unless a part that is needed has to be loaded before. */
export function projectLoader(
  options: ResolvedOptions,
  { engine, outbox, now }: LoaderParts,
): (config: ProjectConfig) => LoadedProject | Promise<LoadedProject> {
  const { debugToken, environment } = options;
  return (config) => {
    const waits = allOf(engine.prepare?.(config), userAgentParser.need(), outbox.need?.());
    return waits === undefined ? load(config) : waits.then(() => load(config), failed);
  };

  function load(config: ProjectConfig): LoadedProject {
    // Only a config that was asked for with the token has drafts; in others, a status says nothing about decisions.
    const drafts = draftsOf(debugToken === undefined ? [] : (config.experiences ?? []));
    const shown = withDrafts(engine.load(config), new Set(drafts.map(({ key }) => key)));
    const isDraft = new Set(drafts.map(({ id }) => id));
    return {
      config,
      engine:
        disabledBy(options, config) === undefined
          ? shown
          : withoutDelivery(shown, (count) => outbox.drop(count, 'disabled')),
      running: runningExperiences(config, environment).filter((id) => !isDraft.has(id)),
      since: now(),
    };
  }
}

/** Why no event of this project is sent; undefined if events are sent. */
export function disabledBy(
  { delivery, endpoints }: ResolvedOptions,
  config: ProjectConfig | undefined,
): DisabledBy | undefined {
  if (delivery === false) return 'option';
  return config?.account_id === NO_ACCOUNT && endpoints?.track === undefined ? 'no-account' : undefined;
}

/** Without a part, visitors would be decided by what is not known of them, and bots would be visitors. */
function failed(cause: unknown): never {
  const what = 'a part of this package can not be loaded, so the project config is not taken over';
  throw asConvertError(cause, 'CONVERT_NOT_LOADED', what);
}

/** Tells of what is not as usual with a project: nothing is sent, or parts of it do not run. */
export function warnOfProject(
  { config, engine }: LoadedProject,
  options: ResolvedOptions,
  warn: (code: WarningCode, message: string) => void,
): void {
  if (disabledBy(options, config) === 'no-account') warn('CONVERT_NO_ACCOUNT', NO_ACCOUNT_WARNING);
  const unusable = leftOutWarning(config);
  if (unusable !== undefined) warn('CONVERT_CONFIG_PARTS', unusable);
  for (const warning of engine.warnings) warn('CONVERT_CONFIG_RULES', warning);
  const status = statusWarning(config, options);
  if (status !== undefined) warn('CONVERT_CONFIG_STATUS', status);
  const elsewhere = runsElsewhere(config, options.environment);
  if (elsewhere !== undefined) warn('CONVERT_CONFIG_ENVIRONMENT', elsewhere);
}

/** Returns the experiences that are not active. An experience without a status counts as active. */
function draftsOf(experiences: readonly ExperienceConfig[]): readonly ExperienceConfig[] {
  return experiences.filter(({ status }) => status && status !== 'active');
}

const NO_ACCOUNT_WARNING =
  'the project is in the short form, which no account of Convert knows, so nothing is sent: visitors are decided, and' +
  ' conversions are dropped. Give `endpoints.track` to send to a collector of your own, or `sdkKey` in the place of' +
  ' `project`';

/** The most entities that a warning names. */
const MAX_NAMED = 5;

/**
 * Names the experiences of a config in a file, or in the options, whose status says that they do not run. Convert's
 * endpoint leaves them out, so the official SDK decides all that are there, and so does this package.
 */
function statusWarning(config: ProjectConfig, { project, debugToken }: ResolvedOptions): string | undefined {
  const isOwnSource = typeof project === 'object' && 'start' in project;
  if (project === undefined || isOwnSource || debugToken !== undefined) return undefined;
  const drafts = draftsOf(liveExperiences(config));
  if (drafts.length === 0) return undefined;
  const named = drafts.slice(0, MAX_NAMED).map(({ key, status }) => `'${key}' (${status})`);
  return (
    `experiences are not active, and run all the same, since a status is not read: ${named.join(', ')}` +
    `${drafts.length > MAX_NAMED ? ', and others' : ''}. Put their ids into \`archived_experiences\`, or leave them out`
  );
}

/** Names the entities of the config that can't be used, in one line. */
function leftOutWarning(config: ProjectConfig): string | undefined {
  const all = leftOut(config);
  if (all.length === 0) return undefined;
  const more = all.length > MAX_NAMED ? `; and ${all.length - MAX_NAMED} more` : '';
  return `parts of the project config can't be used and are left out: ${all.slice(0, MAX_NAMED).join('; ')}${more}`;
}
