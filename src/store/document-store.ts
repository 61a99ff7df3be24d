/**
 * Makes a visitor store over any database that keeps texts by key and has an atomic compare-and-set. The text has the
 * form of the official SDK's document. A commit reads the text, merges the change and writes the text back. If another
 * process was faster, the commit begins again.
 */
import { applyChange, isRevocation, leaveAlone } from '../model/visitor-state/apply-change.js';
import { documentOf, parseState } from '../model/visitor-state/parse-state.js';
import { problemOf } from '../model/visitor-state/state-problem.js';
import type { Committed, StateChange, VisitorState } from '../model/visitor-state/types.js';
import { isThenable, NOTHING } from '../utils/objects.js';
import { ConvertError } from '../utils/errors.js';
import { LruMap } from '../utils/lru-map.js';
import { withTimeout } from '../utils/node/timers.js';
import { KeyedQueue } from './keyed-queue.js';
import { type CommitOptions, STORE_LIMIT, type VisitorStore, withStoreTimeout } from './types.js';

/** A stored text, and the version by which the database knows whether this text is still the stored one. */
export interface Document {
  readonly text: string;
  /** Only the database that the document came from reads its version. */
  readonly version?: unknown;
}

export type CompareAndSetResult =
  | { readonly isReplaced: true; readonly version?: unknown }
  /** The text was not stored. `found` is the document that is stored instead; undefined if none is. */
  | { readonly isReplaced: false; readonly found: Document | undefined };

/** A database that keeps one document for each visitor. */
export interface Documents {
  /** True if `read` returns promises. */
  readonly remote: boolean;
  /**
   * True if the client may send a `compareAndSet` twice unnoticed. Each commit then writes its name into the document,
   * so that it is recognised. Default false.
   */
  readonly mayRepeat?: boolean;
  /** Returns the document. If `prolongs`, its visitor is back, and it lives as long as a new one. */
  read(key: string, prolongs: boolean): Document | undefined | Promise<Document | undefined>;
  /**
   * Stores `text` if the stored document is still `before`; if `before` is undefined, only if no document is stored. An
   * `ephemeral` text lives for a short while, unless the document that it replaces lives longer; a text with an `age`
   * for so many milliseconds. `first` says that no document can be stored yet, which may save a read.
   */
  compareAndSet(
    key: string,
    before: Document | undefined,
    text: string,
    options: { ephemeral: boolean; first: boolean; age?: number | undefined },
  ): Promise<CompareAndSetResult>;
  delete(key: string): Promise<void>;
  close?(): void | Promise<void>;
}

/** The most attempts at one commit, if many processes change a visitor at the same time. */
const MAX_ATTEMPTS = 50;

/** The most visitors whose parsed state is kept. */
const MAX_PARSED = 2_000;

/** Milliseconds that a remote database gets for the commits under way, at the close. */
const CLOSE_LIMIT = 500;

const EMPTY: Committed = { state: {}, lost: new Set() };

const textOf = (state: VisitorState): string => JSON.stringify(documentOf(state));
const EMPTY_TEXT = textOf({});

export function documentStore(documents: Documents): VisitorStore {
  const queue = new KeyedQueue<Committed>();
  const cache = new LruMap<{ document: Document; readonly state: VisitorState }>({ max: MAX_PARSED });

  function parseDocument(document: Document | undefined): VisitorState | undefined {
    if (document === undefined) return undefined;
    const state = parseState(parseJson(document.text));
    // A text that neither this package nor the SDK can have written counts as no document, and is overwritten.
    if (state !== undefined) setSource(state, document);
    return state;
  }

  /**
   * Returns the state in a document, which is parsed once for the same text: the next pages of a visitor read the same
   * text, and parsing takes as long as reading.
   */
  function parseCached(key: string, document: Document | undefined): VisitorState | undefined {
    if (document === undefined) return undefined;
    const entry = cache.find(key);
    if (entry?.value.document.text !== document.text) {
      const state = parseDocument(document);
      cache.delete(key);
      if (state !== undefined) cache.add(key, { document, state });
      return state;
    }
    cache.use(entry);
    const { value } = entry;
    if (value.document.version !== document.version) {
      value.document = document;
      setSource(value.state, document);
    }
    return value.state;
  }

  async function commit(
    key: string,
    change: StateChange,
    options: CommitOptions,
    latest: VisitorState | undefined,
  ): Promise<Committed> {
    let before = sourceOf(latest) ?? (options.first ? undefined : sourceOf(options.known));
    // `before` may be old. If the change alters nothing in it, the commit ends only if the document was read just now.
    let isFresh = options.first === true;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const stored = parseDocument(before);
      if (stored !== undefined && problemOf(stored) === 'unknownFormat') {
        // Consent that is taken back must not stay stored, whatever the format.
        if (isRevocation(change)) await documents.delete(key);
        return leaveAlone(stored, change);
      }
      const committed = applyChange(stored ?? {}, change);
      const { state } = committed;
      const unnamed = textOf(state);
      if (unnamed === (before?.text ?? EMPTY_TEXT)) {
        if (isFresh) return committed;
        before = await documents.read(key, options.age === undefined);
        isFresh = true;
        continue;
      }
      const name = documents.mayRepeat ? newName() : undefined;
      if (name !== undefined) state.commit = withName(state.commit, name);
      const text = name === undefined ? unnamed : textOf(state);
      const { ephemeral, age } = options;
      const first = options.first === true && attempt === 0;
      const replaced = await documents.compareAndSet(key, before, text, { ephemeral, first, age });
      if (replaced.isReplaced) {
        setSource(state, { text, version: replaced.version });
        return committed;
      }
      before = replaced.found;
      isFresh = true;
      const found = name === undefined ? undefined : parseDocument(before);
      // The client sent the text twice: the first one was stored, and its answer was lost. Other commits have followed,
      // but this one came first, so its claims are not lost.
      if (found && namesOf(found.commit).includes(name!)) return { ...committed, state: found };
    }
    throw new ConvertError('CONVERT_STORE', 'the state of a visitor changes faster than it can be written');
  }

  return {
    remote: documents.remote,
    outlives: true,
    read(key, { prolongs = true } = NOTHING) {
      // If the reader has to wait anyway, it first waits for the commits of this process that are under way.
      const underWay = documents.remote ? queue.underWay(key) : undefined;
      const document = underWay
        ? underWay.then(() => documents.read(key, prolongs))
        : documents.read(key, prolongs);
      return isThenable(document)
        ? document.then((answer) => parseCached(key, answer))
        : parseCached(key, document);
    },
    commit: (key, change, options) =>
      queue.run(key, (before) => withStoreTimeout(STORE_LIMIT, commit(key, change, options, before?.state))),
    delete: async (key) => {
      await queue.run(key, async () => {
        await withStoreTimeout(STORE_LIMIT, documents.delete(key));
        cache.delete(key);
        return EMPTY;
      });
    },
    async close() {
      const idle = queue.idle();
      // A database that is reached over a network may never answer. Its own close ends the connection.
      await (documents.remote ? withTimeout(CLOSE_LIMIT, idle).catch(() => undefined) : idle);
      await documents.close?.();
    },
  };
}

/**
 * The key of a property of a state: the document that the state was read from, or written as. The property is not
 * enumerable, so no copy of the state has it. A WeakMap would keep all documents alive until a full garbage collection.
 */
const SOURCE = Symbol('source');

function setSource(state: VisitorState, document: Document): void {
  Object.defineProperty(state, SOURCE, { value: document, configurable: true });
}

function sourceOf(
  state: (VisitorState & { readonly [SOURCE]?: Document }) | null | undefined,
): Document | undefined {
  return state?.[SOURCE];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The part of a commit's name that differs between processes: two processes never write the same text. */
const PROCESS = Math.random().toString(36).slice(2, 10);
let commits = 0;
const newName = (): string => `${PROCESS}${(commits += 1).toString(36)}`;

/**
 * The number of commit names that a document keeps. A commit that was sent twice is recognised if fewer commits than
 * this came in between.
 */
const MAX_NAMES = 3;

const namesOf = (names: string | undefined): string[] => names?.split(' ') ?? [];
const withName = (names: string | undefined, name: string): string =>
  [...namesOf(names), name].slice(-MAX_NAMES).join(' ');
