/**
 * A visitor store over any place that keeps texts by key and can replace one only if it is still what it was. The text is
 * the official SDK's document; it is read, merged here and written back, again if somebody was faster.
 */
import { applyChange } from '../model/visitor-state/apply-change.js';
import { parseState } from '../model/visitor-state/parse-state.js';
import type { Committed, StateChange, VisitorState } from '../model/visitor-state/types.js';
import { isThenable } from '../utils/app-callback.js';
import { ConvertError } from '../utils/errors.js';
import { LruMap } from '../utils/lru-map.js';
import { KeyedQueue } from './keyed-queue.js';
import { type CommitOptions, STORE_LIMIT, type VisitorStore, withStoreTimeout } from './types.js';

/** A text, and what tells whether it is still there. */
export interface Document {
  readonly text: string;
  /** Only the place that it came from looks at it. */
  readonly version?: unknown;
}

export type CompareAndSetResult =
  | { readonly isReplaced: true; readonly version?: unknown }
  /** What is there instead; undefined: nothing. */
  | { readonly isReplaced: false; readonly found: Document | undefined };

/** Where documents are kept. */
export interface Documents {
  /** Whether `read` returns promises. */
  readonly remote: boolean;
  /** True where a `replace` may be made twice without anyone's knowledge: documents are told apart then. Default false. */
  readonly mayRepeat?: boolean;
  /** What is read lives on, as long as any visitor. */
  read(key: string): Document | undefined | Promise<Document | undefined>;
  /**
   * Stores `text` if what is there is `before`; undefined: nothing. An `ephemeral` text lives for a short while, unless what it
   * replaces lives longer. `first`: nothing can be there, of which a place may make use.
   */
  compareAndSet(
    key: string,
    before: Document | undefined,
    text: string,
    options: { ephemeral: boolean; first: boolean },
  ): Promise<CompareAndSetResult>;
  delete(key: string): Promise<void>;
  close?(): void | Promise<void>;
}

/** Of a visitor whom many processes change at one time. */
const MAX_ATTEMPTS = 50;

/** Visitors whose state is kept as it was parsed, of some 1 KB each. */
const MAX_RECENT = 2_000;

const NOTHING_LEFT: Committed = { state: {}, lost: new Set() };

export function documentStore(documents: Documents): VisitorStore {
  const turns = new KeyedQueue<Committed>();
  const recent = new LruMap<{ document: Document; readonly state: VisitorState }>({ max: MAX_RECENT });

  function parsed(document: Document | undefined): VisitorState | undefined {
    if (document === undefined) return undefined;
    const state = parseState(parseJson(document.text));
    // What is no document of ours, or of the SDK, counts as none, and is overwritten.
    if (state !== undefined) setSource(state, document);
    return state;
  }

  /** A visitor's next pages ask for the same text: to parse it takes as long as to read it. */
  function parsedOnce(key: string, document: Document | undefined): VisitorState | undefined {
    if (document === undefined) return undefined;
    const entry = recent.find(key);
    if (entry?.value.document.text !== document.text) {
      const state = parsed(document);
      recent.delete(key);
      if (state !== undefined) recent.add(key, { document, state });
      return state;
    }
    recent.use(entry);
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
    // What is known may be old, or nothing: that nothing is to be changed has to be seen.
    let isSeen = options.first === true;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const committed = applyChange(parsed(before) ?? {}, change);
      const { state } = committed;
      const unchanged = JSON.stringify(state);
      if (unchanged === (before?.text ?? '{}')) {
        if (isSeen) return committed;
        before = await documents.read(key);
        isSeen = true;
        continue;
      }
      const name = documents.mayRepeat ? newName() : undefined;
      if (name !== undefined) state.commit = withName(state.commit, name);
      const text = name === undefined ? unchanged : JSON.stringify(state);
      const { ephemeral } = options;
      const first = options.first === true && attempt === 0;
      const replaced = await documents.compareAndSet(key, before, text, { ephemeral, first });
      if (replaced.isReplaced) {
        setSource(state, { text, version: replaced.version });
        return committed;
      }
      before = replaced.found;
      isSeen = true;
      const found = name === undefined ? undefined : parsed(before);
      // The first of two, unheard, was made; others have been at it since, and what it claimed is not lost to them.
      if (found && namesOf(found.commit).includes(name!)) return { ...committed, state: found };
    }
    throw new ConvertError('CONVERT_STORE', 'the state of a visitor changes faster than it can be written');
  }

  return {
    remote: documents.remote,
    outlives: true,
    read(key) {
      // What this process is about to write counts as written, where somebody waits anyway.
      const underWay = documents.remote ? turns.underWay(key) : undefined;
      const document = underWay ? underWay.then(() => documents.read(key)) : documents.read(key);
      return isThenable(document)
        ? document.then((answer) => parsedOnce(key, answer))
        : parsedOnce(key, document);
    },
    commit: (key, change, options) =>
      turns.run(key, (before) => withStoreTimeout(STORE_LIMIT, commit(key, change, options, before?.state))),
    delete: async (key) => {
      await turns.run(key, async () => {
        await withStoreTimeout(STORE_LIMIT, documents.delete(key));
        recent.delete(key);
        return NOTHING_LEFT;
      });
    },
    async close() {
      await turns.idle();
      await documents.close?.();
    },
  };
}

/**
 * What a state of ours was read from, or written as. It is a property, and not in a WeakMap: that kept all of them alive until
 * a full garbage collection. Nobody sees it, and no copy has it.
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

/** Of this process, and not of another one: what two of them write is never the same. */
const PROCESS = Math.random().toString(36).slice(2, 10);
let commits = 0;
const newName = (): string => `${PROCESS}${(commits += 1).toString(36)}`;

/** Commits that can be told from a document: so many others may come between the two times that one is made. */
const MAX_NAMES = 3;

const namesOf = (names: string | undefined): string[] => names?.split(' ') ?? [];
const withName = (names: string | undefined, name: string): string =>
  [...namesOf(names), name].slice(-MAX_NAMES).join(' ');
