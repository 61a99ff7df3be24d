/** Says where webhooks keep orders that wait: in a folder for each project, beside the folders of the spool. */
import { FORMATS, formatSuffix } from '../model/formats.js';
import type { ProjectConfig } from '../model/project-config.js';
import type { ResolvedOptions } from '../options/types.js';

/** A folder for waiting orders. It is made when it is needed, for the user of this process alone. */
export interface OrderFolder {
  /** The path of the folder that it is in. */
  readonly root: string;
  readonly name: string;
}

/**
 * Returns undefined without `delivery.spool`, and while nothing tells the project. Orders wait before the first config
 * has come, too, so that the `sdkKey` names the project if there is one.
 */
export function orderFolderOf(
  { delivery, sdkKey }: ResolvedOptions,
  config: ProjectConfig | undefined,
): OrderFolder | undefined {
  const spool = delivery === false ? undefined : delivery?.spool;
  const project = sdkKey?.replaceAll('/', '-') ?? (config && `${config.account_id}-${config.project.id}`);
  if (spool === undefined || project === undefined) return undefined;
  const root = typeof spool === 'string' ? spool : spool.path;
  return { root, name: `${project}.orders${formatSuffix(FORMATS.waitingOrders)}` };
}
