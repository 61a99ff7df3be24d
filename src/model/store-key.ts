/** Makes the keys under which a store keeps the state of visitors. */
import type { ProjectConfig } from './project-config.js';

/** The source of a visitor id. */
export type IdOrigin = 'app' | 'cookie' | 'fingerprint' | 'generated';

/** The key of a user, under which the id of the user's first visitor is stored. No visitor has such a key. */
export function aliasKey(config: ProjectConfig, user: string): string {
  return `${config.account_id}-${config.project.id}~user-${user}`;
}

/** Makes the keys of visitors. Callers need not know whether the app has ids of its own. */
export interface StoreKeys {
  of(config: ProjectConfig, id: string, origin: IdOrigin): string;
  /** The keys of a visitor of whom only the id is known; the key of an id of the app comes first. */
  all(config: ProjectConfig, id: string): readonly [string, ...string[]];
}

/** If the app has ids of its own, ids from our cookie get other keys. If not, keys are those of the official SDK. */
export function storeKeys(hasAppIds: boolean): StoreKeys {
  const ofOrigin = (config: ProjectConfig, id: string, isOwn: boolean): string => {
    const separator = isOwn ? '~cookie-' : '-';
    return `${config.account_id}-${config.project.id}${separator}${id}`;
  };
  return {
    of: (config, id, origin) => ofOrigin(config, id, hasAppIds && origin !== 'app'),
    all: (config, id) =>
      hasAppIds ? [ofOrigin(config, id, false), ofOrigin(config, id, true)] : [ofOrigin(config, id, false)],
  };
}
