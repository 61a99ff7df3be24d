/** `convert-middleware/lmdb`: visitor state that the processes of one machine share. */
export { lmdbStore, type LmdbStoreOptions } from './integrations/lmdb/store.js';
export type * from './convert/public-types.js';
