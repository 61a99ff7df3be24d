/** Stores in LMDB in processes of their own, which can be killed. */
import { join } from 'node:path';
import { type Child, startChild } from '../../support/child.js';

export interface LmdbProcess {
  /** Milliseconds. Default: as in production. */
  ephemeralAge?: number;
  openInterval?: number;
}

/**
 * A process that runs `body`, a part of a module, with `store`, `say`, `sleep`, `until`, `tried` and `numbers`.
 * `source` is the folder of the sources as JavaScript.
 */
export function runLmdb(
  source: string,
  path: string,
  body: string,
  { ephemeralAge = 1_800_000, openInterval }: LmdbProcess = {},
): Child {
  const from = (file: string): string => JSON.stringify(join(source, file));
  return startChild(`
    import { open } from 'lmdb';
    import { documentStore } from ${from('store/document-store.js')};
    import { LmdbDocuments } from ${from('integrations/lmdb/documents.js')};
    const path = ${JSON.stringify(path)};
    const options = ${JSON.stringify({ ephemeralAge, openInterval })};
    const store = documentStore(new LmdbDocuments({ open, path, maxAge: 1e9, ...options }));
    const KEPT = { ephemeral: false };
    const GENERATED = { ephemeral: true, first: true };
    const say = (...words) => console.log(words.join(' '));
    const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    const until = async (condition) => { while (!(await condition())) await sleep(5); };
    const numbers = (count) => Array.from({ length: count }, (_, n) => n);
    // What went wrong, or 'fine'.
    const tried = async (work) => {
      try { await work(); return 'fine'; } catch (error) { return error.code + ' ' + error.message; }
    };
    const claim = (variationId) => ({ variationId, exposed: true });
    ${body}
  `);
}
