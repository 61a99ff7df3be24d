/** `createConvert()` and the object that it returns, with the public methods of this package. */
import { forgetVisitor } from '../context/erase-visitor.js';
import { JobContext, readForJob } from '../context/job-context.js';
import { RequestContext } from '../context/request-context.js';
import { FLUSH_TIMEOUT, type LoadedProject } from '../context/runtime.js';
import type { ConvertContext, ConvertEvents, VisitorContext } from '../context/types.js';
import type { DeliveryLedger, OutboxFactory } from '../delivery/types.js';
import type { IncomingRequest, OutgoingResponse } from '../model/http.js';
import { resolveOptions } from '../options/resolve-options.js';
import type { ConvertOptions, ResolvedOptions } from '../options/types.js';
import { hasPreviewLink } from '../request/preview.js';
import { LOCAL_STORE } from '../store/remote-store.js';
import { asConvertError, ConvertError } from '../utils/errors.js';
import { bindMethods } from '../utils/detached-methods.js';
import type { Logger } from '../utils/logger.js';
import { withTimeout } from '../utils/node/timers.js';
import { asObject } from '../utils/objects.js';
import { given, nearest } from '../utils/option-checks.js';
import { describedVisitor } from './described-visitor.js';
import { EVENT_NAMES } from './diagnostics-channels.js';
import {
  commitAll,
  commitAllOf,
  type ConvertRuntime,
  createRuntime,
  startRuntime,
  stopRuntime,
} from './create-runtime.js';
import { idToForget, jobVisitor } from './job-visitor.js';
import { type PreviewLinkOptions, signedPreviewLink } from './preview-url.js';
import { orderFolderOf } from './order-folder.js';
import { closeOnSignals } from './shutdown-signals.js';
import { watchExit } from './exit-watch.js';
import {
  CLOSE_TIMEOUT,
  type CloseWithOptions,
  type ClosingServer,
  drainBeforeExit,
  Servers,
} from './shutdown.js';
import type { Convert, ConvertStats, ForVisitorOptions, OrderFolder } from './types.js';

export type { Convert } from './types.js';

/**
 * The key of a property that marks instances, so that either build of this package (ESM and CommonJS) recognizes those
 * of the other.
 */
const BRAND = Symbol.for('convert-middleware.convert');

/** The most milliseconds that `forVisitor` and `forget` wait for the first project config. */
const JOB_TIMEOUT = 5_000;

/**
 * Makes a Convert instance; a process needs one. Adapters make it from their options; an app makes its own to share it
 * with other apps and jobs.
 *
 * @example
 * ```js
 * const convert = createConvert({ sdkKey: '10035569/10034190' });
 * app.use(convertMiddleware(convert));
 * ```
 *
 * @throws ConvertError `CONVERT_BAD_OPTION`, `CONVERT_NO_PROJECT` or `CONVERT_BAD_PROJECT` for wrong or missing options
 */
export function createConvert<Raw = unknown>(options?: ConvertOptions<Raw>): Convert {
  return new ConvertInstance(resolveOptions(options));
}

/** Makes a Convert for the test double: with another outbox, and not flushed at the end of the process. */
export function createConvertWith(options: ResolvedOptions, outbox: OutboxFactory): Convert {
  return new ConvertInstance(options, outbox, () => () => undefined);
}

export function isConvert(value: unknown): value is Convert {
  return typeof value === 'object' && value !== null && BRAND in value;
}

class ConvertInstance implements Convert {
  readonly #runtime: ConvertRuntime;
  readonly #options: ResolvedOptions;
  readonly #acceptHints: boolean | 'critical';
  readonly #undrain: () => void;
  readonly #unsignal: (() => void) | undefined;
  readonly #servers = new Servers({
    close: (options) => this.close(options),
    report: (error) => this.#runtime.report(error),
    watch: () => watchExit(this.#runtime),
  });
  #closed: Promise<DeliveryLedger> | undefined;

  constructor(options: ResolvedOptions, outbox?: OutboxFactory, drain = drainBeforeExit) {
    bindMethods(this);
    this.#options = options;
    this.#runtime = createRuntime(options, outbox);
    this.#acceptHints = options.acceptClientHints ?? false;
    startRuntime(this.#runtime);
    this.#undrain = drain(this);
    if (options.shutdown === 'signals') this.#unsignal = closeOnSignals(this);
  }

  get [BRAND](): true {
    return true;
  }

  get logger(): Logger {
    return this.#runtime.logger;
  }

  get readsAhead(): boolean {
    const { drafts, services, store } = this.#runtime;
    return store.remote || (drafts !== undefined && typeof services.previews.option === 'function');
  }

  get orderFolder(): OrderFolder | undefined {
    return orderFolderOf(this.#options, this.#runtime.project?.config);
  }

  report(error: ConvertError): void {
    // Whoever has an adapter of their own may call this, with anything.
    this.#runtime.report(asConvertError(error, 'CONVERT_INTERNAL', 'an error was reported'));
  }

  ready(): Promise<void> {
    return this.#runtime.repository.ready();
  }

  openNow(request: IncomingRequest, response: OutgoingResponse): RequestContext {
    const context = new RequestContext(this.#runtime, this.#runtime.services, request, response);
    if (this.#acceptHints !== false) context.acceptHints(this.#acceptHints === 'critical');
    const { cookie } = this.#runtime.services.previews;
    if (cookie !== undefined && hasPreviewLink(request.url)) context.keepPreview();
    return context;
  }

  open(request: IncomingRequest, response: OutgoingResponse): ConvertContext | Promise<ConvertContext> {
    const { node } = request as { readonly node?: { convert?: unknown } };
    // Another framework may have handled the same request, with the same instance.
    if (node !== undefined && this.#hasMade(node.convert)) return node.convert;
    const context = this.openNow(request, response);
    if (node !== undefined && node.convert === undefined) keepOn(node, context);
    const first = this.#runtime.repository.waitForFirst();
    const { drafts, remote } = this.#runtime;
    const hasPreview = drafts !== undefined && context.preview !== null;
    if (first === undefined && remote === undefined && !hasPreview) return context;
    return context.skipped ? context : this.#prepare(context, first);
  }

  async forVisitor(
    visitorId: string | number | null | undefined,
    options?: ForVisitorOptions | null,
  ): Promise<VisitorContext> {
    const runtime = this.#runtime;
    const visitor = jobVisitor(visitorId, options, runtime);
    if (visitor.request !== undefined) return describedVisitor(runtime, visitor, visitor.request);
    if (!runtime.repository.current) await this.#projectForJob();
    // Mostly there is nothing to wait for, and a turn of the microtasks is not for nothing (bench/webhook).
    const turn = runtime.jobs.enter();
    if (turn !== undefined) await turn;
    const committing = commitAllOf(runtime, visitor.identity.id);
    if (committing !== undefined) await committing;
    return new JobContext(runtime, visitor, await readForJob(runtime, visitor.identity));
  }

  async forget(visitorId: string | number): Promise<void> {
    const id = idToForget(visitorId, this.#runtime);
    const project = await this.#projectForJob();
    if (project === undefined)
      throw new ConvertError(
        'CONVERT_NOT_READY',
        'no project config has arrived, so nobody can be forgotten',
      );
    await forgetVisitor(this.#runtime, project, id);
  }

  previewLink(url: string, options: PreviewLinkOptions): string {
    const { services, project } = this.#runtime;
    const { option, signer } = services.previews;
    return signedPreviewLink(url, options, {
      project,
      signer,
      isOff: option === false,
      now: this.#runtime.now(),
    });
  }

  flush(options?: { timeout?: number }): Promise<DeliveryLedger> {
    commitAll(this.#runtime);
    return this.#runtime.outbox.flush(asObject(options).timeout ?? FLUSH_TIMEOUT);
  }

  close(options?: { timeout?: number }): Promise<DeliveryLedger> {
    // Options are not checked: frameworks may call this as a hook with other arguments, and it must not throw then.
    return (this.#closed ??= this.#close(asObject(options).timeout ?? CLOSE_TIMEOUT));
  }

  closeWith<Server extends ClosingServer>(server: Server, options?: CloseWithOptions): Server {
    this.#servers.add(server, options);
    return server;
  }

  stats(): ConvertStats {
    const { cookieFormats, delivers, engineName, jobs, outbox, remote, repository, stateProblems } =
      this.#runtime;
    return {
      engine: engineName,
      project: repository.stats(),
      store: remote?.stats() ?? LOCAL_STORE,
      state: stateProblems.stats(),
      cookies: cookieFormats.stats(),
      delivery: delivers ? outbox.stats() : { ...outbox.stats(), disabled: true },
      jobs: { waits: jobs.waits },
    };
  }

  on<Name extends keyof ConvertEvents>(
    name: Name,
    listener: (event: ConvertEvents[Name]) => void,
  ): () => void {
    assertListener(name, listener);
    return this.#runtime.on(name, listener);
  }

  #hasMade(context: unknown): context is RequestContext {
    return context instanceof RequestContext && context.isOf(this.#runtime.services);
  }

  /**
   * Waits for the first project config, at most `readyTimeout`; then for the remote store, at most `storeTimeout`, and
   * for the drafts of a preview, at most 1 s.
   */
  async #prepare(context: RequestContext, first: Promise<void> | undefined): Promise<ConvertContext> {
    if (first !== undefined) await first.catch(() => undefined);
    const { drafts, remote } = this.#runtime;
    try {
      await Promise.all([remote && context.prefetch(remote), drafts && context.preview?.findDrafts(drafts)]);
    } catch (error) {
      this.#runtime.report(
        asConvertError(error, 'CONVERT_INTERNAL', 'a visitor could not be looked up, decided without it'),
      );
    }
    return context;
  }

  async #projectForJob(): Promise<LoadedProject | undefined> {
    const { repository } = this.#runtime;
    if (!repository.current) {
      const ready = repository.ready(0);
      await withTimeout(JOB_TIMEOUT, ready, { keepAlive: true }).catch(() => undefined);
    }
    return repository.current;
  }

  #close(timeout: number): Promise<DeliveryLedger> {
    this.#undrain();
    this.#unsignal?.();
    return stopRuntime(this.#runtime, timeout);
  }
}

/** A request object that takes no property, because it is frozen or has a setter that throws, stays without. */
function keepOn(node: { convert?: unknown }, context: RequestContext): void {
  try {
    node.convert = context;
  } catch {
    // Then each framework opens a context of its own.
  }
}

/** @throws ConvertError `CONVERT_BAD_OPTION` */
function assertListener(name: unknown, listener: unknown): void {
  if (!EVENT_NAMES.some((each) => each === name)) {
    const near = typeof name === 'string' ? nearest(name, EVENT_NAMES) : undefined;
    const hint = near === undefined ? `known are ${EVENT_NAMES.join(', ')}` : `did you mean '${near}'?`;
    throw new ConvertError('CONVERT_BAD_OPTION', `on(): there is no event ${given(name)}, ${hint}`);
  }
  if (typeof listener === 'function') return;
  throw new ConvertError(
    'CONVERT_BAD_OPTION',
    `on('${String(name)}', listener): the listener must be a function (given ${given(listener)})`,
  );
}
