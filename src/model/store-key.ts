/** Makes the keys under which a store keeps the state of visitors. */
import type { ProjectConfig } from './project-config.js';

/** The origin of a visitor id. `generated`: the id was made in this request. */
export type IdOrigin = 'app' | 'cookie' | 'fingerprint' | 'generated';

/**
 * Makes the store key of a user, under which the visitor id of the user's first device is stored. No visitor has such a
 * key.
 */
export function aliasKey(config: ProjectConfig, user: string): string {
  return `${config.account_id}-${config.project.id}~user-${user}`;
}

/**
 * Makes the store key under which it is stored that a carried visitor has denied consent. `hash` is one of the
 * visitor's own store key. No visitor has such a key.
 */
export function denialKey(config: ProjectConfig, hash: string): string {
  return `${config.account_id}-${config.project.id}~denied-${hash}`;
}

/** Makes the store keys of visitors. Callers need not know whether the app gives visitors ids of its own. */
export interface StoreKeys {
  of(config: ProjectConfig, id: string, origin: IdOrigin): string;
  /**
   * True if this may be the id of two visitors: the app gives ids of its own, and this one may come from a cookie or be
   * a fingerprint, too. Each of the two visitors has a key of their own.
   */
  isAmbiguous(id: string): boolean;
  /** True if a cookie of ours may hold this id, or if it may be a fingerprint. */
  isOurs(id: string): boolean;
  /**
   * Returns all keys that a visitor with this id may have, if the origin of the id is unknown. The key for an id that
   * the app has given comes first.
   */
  all(config: ProjectConfig, id: string): readonly [string, ...string[]];
}

/**
 * Makes the store keys. If the app gives visitors ids of its own (`hasAppIds`), ids of another origin get keys of
 * another form. All other keys are those of the official SDK. `isOurs` says whether an id may come from a cookie or be
 * a fingerprint.
 */
export function storeKeys(hasAppIds: boolean, isOurs: (id: string) => boolean): StoreKeys {
  const ofOrigin = (config: ProjectConfig, id: string, isOwn: boolean): string => {
    const separator = isOwn ? '~cookie-' : '-';
    // As UTF-8, all halves of surrogate pairs would be one character, so that visitors would share a key. JSON escapes
    // them. No other key begins like this one.
    const name = id.isWellFormed() ? separator + id : `~json${separator}${JSON.stringify(id)}`;
    return `${config.account_id}-${config.project.id}${name}`;
  };
  return {
    of: (config, id, origin) => ofOrigin(config, id, hasAppIds && origin !== 'app'),
    isAmbiguous: (id) => hasAppIds && isOurs(id),
    isOurs,
    all: (config, id) =>
      hasAppIds ? [ofOrigin(config, id, false), ofOrigin(config, id, true)] : [ofOrigin(config, id, false)],
  };
}
