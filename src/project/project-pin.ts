/** Pins a source to one project, so that a config of another project never redirects events or loses visitor state. */
import type { ProjectConfig } from '../model/project-config.js';
import { ConvertError } from '../utils/errors.js';

interface Ids {
  readonly account: string;
  readonly project: string;
}

/**
 * An SDK key of two numbers names account and project. Any other key pins the source to account and project of the
 * first config that it takes over.
 */
export class ProjectPin {
  #ids: Ids | undefined;
  readonly #isOfKey: boolean;

  constructor(sdkKey: string) {
    const [, account, project] = /^(\d+)\/(\d+)$/.exec(sdkKey) ?? [];
    this.#ids = account === undefined || project === undefined ? undefined : { account, project };
    this.#isOfKey = this.#ids !== undefined;
  }

  get isSet(): boolean {
    return this.#ids !== undefined;
  }

  /** Pins the source to the project of this config, unless it is pinned already. */
  to(config: ProjectConfig): void {
    this.#ids ??= idsOf(config);
  }

  /**
   * @param where the source of the config, as operators know it; stands in the error
   * @throws ConvertError `CONVERT_BAD_PROJECT` for the config of another project
   */
  check(config: ProjectConfig, where: string): void {
    const pinned = this.#ids;
    const { account, project } = idsOf(config);
    if (pinned === undefined || (pinned.account === account && pinned.project === project)) return;
    const cause = this.#isOfKey
      ? 'sdkKey names'
      : 'the config before was of (if the key was moved, empty the project cache and restart)';
    throw new ConvertError(
      'CONVERT_BAD_PROJECT',
      `${where} is the config of project ${account}/${project}, not of ${pinned.account}/${pinned.project}, ` +
        `which ${cause}; it is not taken over`,
    );
  }
}

function idsOf({ account_id: account, project: { id: project } }: ProjectConfig): Ids {
  return { account, project };
}
