/**
 * The visitor of a request that several Converts of one app see: one id, one denial for all of them, and each cookie of
 * the visitor once in the response.
 */
import type { ConsentAnswer } from '../consent/answer.js';
import type { OtherConverts } from '../identity/other-converts.js';
import type { VisitorReader } from '../identity/visitor-identity.js';
import type { IncomingRequest } from '../model/http.js';
import { NO_ACCOUNT } from '../model/short-project.js';
import type { Runtime } from './runtime.js';

/** A context, as the other contexts of its request see it. */
export interface Companion {
  readonly visitors: VisitorReader;
  /** Reads the consent of the request's visitor; undefined if the app skips the request. */
  consentAnswer(): ConsentAnswer | undefined;
  /** Has a denial heeded, even if the handler never asks this context for anything. */
  heedDenial(): void;
  /** Runs `work` with the runtime of this context's Convert. */
  ask<T>(work: (runtime: Runtime) => T): T;
}

export class SharedVisitor implements OtherConverts {
  readonly #joined: Companion[] = [];
  /** Those whose answer is known: others may join after the first one has asked. */
  readonly #asked = new Set<Companion>();
  #denial: ConsentAnswer | undefined;
  #isTold = false;
  #generatedId: string | undefined;
  /** The page that one of the Converts shares, as far as caches go; undefined if none does. */
  page: { readonly control: string; readonly seconds: number } | undefined;
  /** The previews that have a mark in the page, in the order of the marks. */
  readonly #marks: object[] = [];
  /** The names of the cookies that the response sets, each with the one who writes its lines. */
  readonly #writers = new Map<string, object>();

  join(companion: Companion): void {
    this.#joined.push(companion);
    // Before one of them has heeded it, the newcomer may have to read a remote store first.
    if (this.#isTold) companion.heedDenial();
  }

  /** True if one of the contexts that have joined so far has read a denial. */
  get isDenied(): boolean {
    this.#denial ??= this.#askAll();
    return this.#denial !== undefined;
  }

  answerOr(own: ConsentAnswer): ConsentAnswer {
    if (this.#denial === undefined) {
      this.#denial = isDenial(own) ? own : this.#askAll();
    }
    return this.#denial ?? own;
  }

  /** Has all others heed the denial, if there is one: each of them has cookies and stored state to erase. */
  tellOthers(self: Companion): void {
    if (this.#denial === undefined || this.#isTold) return;
    this.#isTold = true;
    for (const each of this.#joined) if (each !== self) each.heedDenial();
  }

  get generatedId(): string | undefined {
    return this.#generatedId;
  }

  keepId(id: string): string {
    return (this.#generatedId = id);
  }

  /** True if `writer` may add this `Set-Cookie` line: whoever is first to write a cookie writes all lines of it. */
  mayWrite(writer: object, line: string): boolean {
    const name = line.slice(0, line.indexOf('='));
    const first = this.#writers.get(name);
    if (first === undefined) this.#writers.set(name, writer);
    return first === undefined || first === writer;
  }

  /** Returns the number of marks in the page that come before the one of this preview. */
  marksBefore(preview: object): number {
    if (!this.#marks.includes(preview)) this.#marks.push(preview);
    return this.#marks.indexOf(preview);
  }

  /** Asks for the answers of all contexts, each once. Returns the first denial. */
  #askAll(): ConsentAnswer | undefined {
    // A context that is alone asks for itself.
    if (this.#joined.length < 2) return undefined;
    const unasked = this.#joined.filter((each) => !this.#asked.has(each));
    if (unasked.length === 0) return undefined;
    for (const each of unasked) this.#asked.add(each);
    compareOptions(this.#joined);
    return unasked
      .map((each) => each.consentAnswer())
      .find((answer) => answer !== undefined && isDenial(answer));
  }
}

/** A provisional denial may be taken back when the project config has come. */
const isDenial = ({ answer, provisional }: ConsentAnswer): boolean => answer === 'denied' && !provisional;

/** The reader with which one was compared last: the options of an app do not change. */
const compared = new WeakMap<VisitorReader, VisitorReader>();

function compareOptions([first, ...others]: readonly Companion[]): void {
  for (const other of others) {
    const [one, two] = [first!.visitors, other.visitors];
    if (compared.get(two) === one) continue;
    const isSame = haveOneProject(first!, other);
    // The second project may not have arrived yet.
    if (isSame === undefined) continue;
    compared.set(two, one);
    if (isSame) other.ask(warnOfSameProject);
    const names = Object.keys(one.sharedOptions);
    const different = names.filter((name) => one.sharedOptions[name] !== two.sharedOptions[name]);
    if (different.length > 0) other.ask((runtime) => warnOfSharedOptions(runtime, different));
  }
}

/** True if both have a project in the short form, with one id; undefined if one of them has no project yet. */
function haveOneProject(one: Companion, other: Companion): boolean | undefined {
  const [first, second] = [one, other].map((each) => each.ask(({ project }) => project?.config));
  if (first === undefined || second === undefined) return undefined;
  const isShort = first.account_id === NO_ACCOUNT && second.account_id === NO_ACCOUNT;
  return isShort && first.project.id === second.project.id;
}

function warnOfSameProject({ project, warnOnce }: Pick<Runtime, 'project' | 'warnOnce'>): void {
  warnOnce(
    'CONVERT_SAME_PROJECT',
    `two Converts of this app have a project in the short form with the id ${project?.config.project.id}, by which` +
      ' stores and cookies tell projects apart. Give each of the projects an `id` of its own, such as "id": 2',
  );
}

/** @param names the paths of options */
function warnOfSharedOptions({ warnOnce }: Pick<Runtime, 'warnOnce'>, names: readonly string[]): void {
  warnOnce(
    'CONVERT_SHARED_VISITOR',
    `the Converts of this app share their visitors, and \`${names.join('`, `')}\` is not the same for all of them:` +
      ' which of them writes the cookie of a visitor depends on which is used first. Give all of them the same' +
      ' `visitor` (docs/guides/two-projects.md)',
  );
}

/** The place is on `globalThis`, because an app can load this package twice: as ESM and as CommonJS. */
const PLACE = Symbol.for('convert-middleware.shared-visitors');
const place = globalThis as { [PLACE]?: WeakMap<object, SharedVisitor> };

/** Has visitors shared from now on. Until then, requests are looked up nowhere. */
export function shareVisitors(): void {
  place[PLACE] ??= new WeakMap();
}

/** Returns what the Converts of a request share; undefined if the app has one Convert. */
export function sharedVisitorOf(request: Pick<IncomingRequest, 'node'>): SharedVisitor | undefined {
  const all = place[PLACE];
  if (all === undefined) return undefined;
  const { node } = request;
  return node && all.get(node);
}

/**
 * Has a context share the visitor of its request with the others. Each joins when it is opened: it may find the visitor
 * before the next one is there. In an app with one Convert, nothing happens.
 */
export function shareVisitor({ node }: Pick<IncomingRequest, 'node'>, companion: Companion): void {
  const all = place[PLACE];
  if (node === undefined || all === undefined) return;
  let shared = all.get(node);
  if (shared === undefined) all.set(node, (shared = new SharedVisitor()));
  shared.join(companion);
}
