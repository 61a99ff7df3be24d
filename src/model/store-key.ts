/** Makes the keys under which a store keeps the state of visitors. */
import type { ProjectConfig } from './project-config.js';

/** Where an id comes from. */
export type IdOrigin = 'app' | 'cookie' | 'fingerprint' | 'generated';

/** The key of the visitor that a user was first. No visitor has that key. */
export function aliasKey(config: ProjectConfig, user: string): string {
  return `${config.account_id}-${config.project.id}~user-${user}`;
}

/** Makes the keys of visitors. Whether the app has ids of its own is known here, and nowhere else. */
export interface StoreKeys {
  of(config: ProjectConfig, id: string, origin: IdOrigin): string;
  /** The keys of a visitor of whom only the id is known; the key of an id of the app comes first. */
  all(config: ProjectConfig, id: string): readonly [string, ...string[]];
}

/** Ids from our cookie are kept apart from those of the app if there are such. Else keys are the official SDK's. */
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
