/** Keeps the project config in a key-value store of the host, such as Workers KV, for all instances of an app. */
import type { CachedProject, ProjectCache } from '../project/cache/types.js';

/** A key-value store of texts, as hosts bind them: Workers KV is one. */
export interface KeyValueStore {
  /** Resolves with the text; null or undefined if there is none. */
  get(key: string): Promise<string | null | undefined>;
  put(key: string, value: string): Promise<unknown>;
}

export function isKeyValueStore(value: unknown): value is KeyValueStore {
  const { get, put } = (value ?? {}) as Partial<KeyValueStore>;
  return typeof get === 'function' && typeof put === 'function';
}

/** Makes a project cache of the store. The last write wins. */
export function keyValueCache(store: KeyValueStore): ProjectCache {
  return {
    description: 'the key-value store of option projectCache',
    async read(key) {
      const text = await store.get(key);
      return typeof text === 'string' ? (JSON.parse(text) as CachedProject) : undefined;
    },
    async write(key, project) {
      await store.put(key, JSON.stringify(project));
    },
  };
}
