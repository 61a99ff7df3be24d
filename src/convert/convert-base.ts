/** The part of a Convert that is the same on all platforms: jobs, events, figures, and the end. */
import { forgetVisitor } from '../context/erase-visitor.js';
import { JobContext, readForJob } from '../context/job-context.js';
import { parameterOf } from '../context/preview-link.js';
import { RequestContext } from '../context/request-context.js';
import type { RequestServices } from '../context/request-services.js';
import { FLUSH_TIMEOUT, type LoadedProject } from '../context/runtime.js';
import { shareVisitor } from '../context/shared-visitor.js';
import type { ConvertContext, ConvertEvents, VisitorContext } from '../context/types.js';
import type { DeliveryLedger, OutboxFactory } from '../delivery/types.js';
import type { IncomingRequest, OutgoingResponse } from '../model/http.js';
import { type Standing, standingOf } from '../model/project-config.js';
import type { ResolvedOptions } from '../options/types.js';
import { hasPreviewLink } from '../request/preview.js';
import { LOCAL_STORE } from '../store/remote-store.js';
import { asConvertError, ConvertError } from '../utils/errors.js';
import { bindMethods } from '../utils/detached-methods.js';
import type { Digests } from '../utils/digests.js';
import type { Logger } from '../utils/logger.js';
import { withTimeout } from '../utils/node/timers.js';
import { asObject } from '../utils/objects.js';
import { given, nearest } from '../utils/option-checks.js';
import {
  CLOSE_TIMEOUT,
  commitAll,
  commitAllOf,
  type ConvertRuntime,
  createRuntime,
} from './create-runtime.js';
import { describedVisitor } from './described-visitor.js';
import { EVENT_NAMES } from './event-names.js';
import { idToForget, jobVisitor } from './job-visitor.js';
import type { Platform } from './platform.js';
import { type PreviewLinkOptions, signedPreviewLink } from './preview-url.js';
import { stopRuntime } from './stop-runtime.js';
import type { ConvertStats, ForVisitorOptions } from './types.js';

/** The most milliseconds that `forVisitor` and `forget` wait for the first project config. */
const JOB_TIMEOUT = 5_000;

/** What a Convert can do on every platform. */
export abstract class ConvertBase {
  readonly #runtime: ConvertRuntime;
  readonly #digests: Digests;
  readonly #acceptHints: boolean | 'critical';
  #closed: Promise<DeliveryLedger> | undefined;

  constructor(platform: Platform, options: ResolvedOptions, outbox?: OutboxFactory) {
    bindMethods(this);
    this.#runtime = createRuntime(platform, options, outbox);
    this.#digests = platform.digests;
    this.#acceptHints = options.acceptClientHints ?? false;
  }

  /** A getter, not a field: an instance that is printed shows nothing of it. */
  protected get runtime(): ConvertRuntime {
    return this.#runtime;
  }

  get digests(): Digests {
    return this.#digests;
  }

  get logger(): Logger {
    return this.#runtime.logger;
  }

  standingOf(key: string): Standing | undefined {
    const { project, environment } = this.#runtime;
    return project && standingOf(project.config, environment, key);
  }

  report(error: ConvertError): void {
    // Whoever has an adapter of their own may call this, with anything.
    this.#runtime.report(asConvertError(error, 'CONVERT_INTERNAL', 'an error was reported'));
  }

  ready(): Promise<void> {
    return this.#runtime.repository.ready();
  }

  openNow(request: IncomingRequest, response: OutgoingResponse): RequestContext {
    return this.openWith(this.#runtime.services, request, response);
  }

  protected openWith(
    services: RequestServices,
    request: IncomingRequest,
    response: OutgoingResponse,
  ): RequestContext {
    const context = new RequestContext(this.#runtime, services, request, response);
    if (this.#acceptHints !== false) context.acceptHints(this.#acceptHints === 'critical');
    const { cookie } = services.previews;
    if (cookie !== undefined && hasPreviewLink(request.url)) context.keepPreview();
    shareVisitor(request, context);
    return context;
  }

  forVisitor(
    visitorId: string | number | null | undefined,
    options?: ForVisitorOptions | null,
  ): Promise<VisitorContext> {
    return this.openJob(visitorId, options);
  }

  /** As `forVisitor`. The option `waitUntil` gets `raw` with what the job records: the request that the job is of. */
  protected async openJob(
    visitorId: string | number | null | undefined,
    options: ForVisitorOptions | null | undefined,
    raw?: unknown,
  ): Promise<VisitorContext> {
    const runtime = this.#runtime;
    const visitor = jobVisitor(visitorId, options, runtime, raw);
    if (visitor.request !== undefined) {
      const first = this.waitForFirst();
      if (first !== undefined) await first.catch(() => undefined);
      return describedVisitor(runtime, visitor, visitor.request);
    }
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
    const { previews } = this.services;
    return signedPreviewLink(url, options, {
      project: this.#runtime.project,
      signer: previews.signer,
      isOff: previews.option === false,
      now: this.#runtime.now(),
      parameter: parameterOf(previews),
    });
  }

  /** The services with the names that the app knows this Convert by. */
  protected get services(): RequestServices {
    return this.#runtime.services;
  }

  flush(options?: { timeout?: number }): Promise<DeliveryLedger> {
    commitAll(this.#runtime);
    return this.#runtime.outbox.flush(asObject(options).timeout ?? FLUSH_TIMEOUT);
  }

  close(options?: { timeout?: number }): Promise<DeliveryLedger> {
    // Options are not checked: frameworks may call this as a hook with other arguments, and it must not throw then.
    return (this.#closed ??= this.stop(asObject(options).timeout ?? CLOSE_TIMEOUT));
  }

  stats(): ConvertStats {
    const { cookieFormats, disabledBy, engineName, jobs, outbox, remote, repository, stateProblems } =
      this.#runtime;
    return {
      engine: engineName,
      project: repository.stats(),
      store: remote?.stats() ?? LOCAL_STORE,
      state: stateProblems.stats(),
      cookies: cookieFormats.stats(),
      delivery: disabledBy === undefined ? outbox.stats() : { ...outbox.stats(), disabled: disabledBy },
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

  /** Waits for the first project config as a request does; undefined if there is nothing to wait for. */
  protected waitForFirst(): Promise<void> | undefined {
    return this.#runtime.repository.waitForFirst();
  }

  /** True if a remote store, or the source of a draft, has to be asked before the handler runs. */
  protected isReadAhead(context: RequestContext): boolean {
    const { drafts, remote } = this.#runtime;
    return remote !== undefined || (drafts !== undefined && context.preview !== null);
  }

  /**
   * Waits for the first project config, at most `readyTimeout`; then for the remote store, at most `storeTimeout`, and
   * for the drafts of a preview, at most 1 s.
   */
  protected async prepare(context: RequestContext, first?: Promise<void>): Promise<ConvertContext> {
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

  /** Called once, by the first `close`. */
  protected stop(timeout: number): Promise<DeliveryLedger> {
    return stopRuntime(this.#runtime, timeout);
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
