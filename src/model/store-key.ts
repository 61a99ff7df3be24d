/** The keys under which a store keeps the state of a visitor. */
import type { ProjectConfig } from './project-config.js';

/** Where an id comes from. */
export type IdOrigin = 'app' | 'cookie' | 'fingerprint' | 'generated';

/** Where the visitor is kept that a user was first. No visitor has that key. */
export function aliasKey(config: ProjectConfig, user: string): string {
  return `${config.account_id}-${config.project.id}~user-${user}`;
}

/** The official SDK's store key. Ids from our cookie are kept apart where the app has ids of its own. */
export function storeKey(config: ProjectConfig, id: string, origin: IdOrigin, hasAppIds: boolean): string {
  const separator = hasAppIds && origin !== 'app' ? '~cookie-' : '-';
  return `${config.account_id}-${config.project.id}${separator}${id}`;
}
