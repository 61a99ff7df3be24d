import type { Consent } from '../consent/consent.js';
import { ClaimLeases } from '../context/claim-leases.js';
import { createRevocations, forgetVisitor } from '../context/erase-visitor.js';
import { JobContext, readForJob } from '../context/job-context.js';
import { RequestContext, type RequestServices } from '../context/request-context.js';
import { FLUSH_TIMEOUT, type LoadedProject, type Runtime, type Uncommitted } from '../context/runtime.js';
import type { ConvertContext, ConvertEvents, VisitorContext } from '../context/types.js';
import { tellPlatform } from '../context/wait-until.js';
import {
  type DeliveryLedger,
  type DeliveryStats,
  DROP_WARNINGS,
  type Outbox,
  type OutboxFactory,
} from '../delivery/types.js';
import { compiledEngine } from '../engine/compiled-engine.js';
import type { IncomingRequest, OutgoingResponse } from '../model/http.js';
import { runningExperiences, runsElsewhere } from '../model/project-config.js';
import type { StoreKeys } from '../model/store-key.js';
import { isInAll } from '../model/visitor-state/apply-change.js';
import { resolveOptions } from '../options/resolve-options.js';
import type { ConvertOptions, ResolvedOptions } from '../options/types.js';
import { checkEndpoint } from '../project/endpoints.js';
import { ProjectRepository, type ProjectStats, versionOf } from '../project/repository.js';
import { resolveProject } from '../project/sources/resolve-source.js';
import { memoryStore } from '../store/memory-store.js';
import { LOCAL_STORE, RemoteStore, type StoreStats } from '../store/remote-store.js';
import { sdkStore } from '../store/sdk-data-store.js';
import { type VisitorStore, withStoreTimeout } from '../store/types.js';
import { CompactSet } from '../utils/compact-set.js';
import { asConvertError, ConvertError } from '../utils/errors.js';
import { type Logger, oncePerCode } from '../utils/logger.js';
import { hasSubscriber, publish } from './diagnostics-channels.js';
import { createEventBus } from './event-bus.js';
import { outboxOf } from './outbox-factory.js';
import { requestServices } from './request-services.js';
import { closeOnSignals } from './shutdown-signals.js';
import { type CloseOptions, type ClosingServer, drainBeforeExit, Servers } from './shutdown.js';

export interface Convert {
  /** Resolves when a project config is loaded. Never needed before serving. Rejects once closed. */
  ready(): Promise<void>;
  /** For adapters. A promise only while there is no project config yet, or where the store is remote. */
  open(request: IncomingRequest, response: OutgoingResponse): ConvertContext | Promise<ConvertContext>;
  /** As `open`, with what is there now: never waits for a project config or a remote store. */
  openNow(request: IncomingRequest, response: OutgoingResponse): ConvertContext;
  /**
   * For jobs and webhooks: a visitor without a request. Waits for the project config, at most 5 s. With consent
   * configured and none given here, the grant decides that the visitor gave when they were here. Without an id (an
   * order of a visitor who had none) nothing is counted, and that is logged once.
   */
  forVisitor(
    visitorId: string | number | null | undefined,
    options?: ForVisitorOptions,
  ): Promise<VisitorContext>;
  /**
   * Deletes what is held of a visitor, under the id as an id of the app and as one of our cookie: stored state, what
   * requests of theirs in this process have not committed yet, and events that are pending, in whichever process that
   * shares the spool or Redis (counted as `forgotten`). Waits for the project config, at most 5 s. A batch that is
   * under way may still arrive, but is not sent again with the visitor in it; other processes hear of it within some 3
   * s. What comes of the visitor after the call is counted again.
   *
   * It does not reach what Convert has received, cookies in the visitor's browser, or a request that is under way in
   * another process at that moment.
   *
   * Rejects with a ConvertError where something of it may still be there: call it again then. `CONVERT_STORE` the store
   * could not delete (an answer is awaited for 5 s); `CONVERT_SPOOL` the disk or Redis did not take it, so that what
   * waits there may be sent; `CONVERT_NOT_READY` there is no project config; `CONVERT_CALLBACK` an outbox of the app's
   * own failed; `CONVERT_BAD_OPTION` this is no visitor id.
   */
  forget(visitorId: string | number): Promise<void>;
  /** Commits and sends what waits; resolves with the ledger, at the latest after `timeout` ms (default 5000). */
  flush(options?: { timeout?: number }): Promise<DeliveryLedger>;
  /**
   * As `flush`, then stops for good: what could not be delivered within `timeout` ms (default 5000) is dropped, counted
   * and logged. Never rejects; a second call gets the first one's promise.
   */
  close(options?: { timeout?: number }): Promise<DeliveryLedger>;
  /**
   * Closes when `server` has closed (`server.close()` is over), or the last one of several that were given; returns it.
   * `options` are those of `close`. For Express and Koa: Fastify's plugin closes what it made.
   *
   * @throws ConvertError `CONVERT_BAD_OPTION` for anything else than a server
   */
  closeWith<Server extends ClosingServer>(server: Server, options?: CloseOptions): Server;
  stats(): ConvertStats;
  /** The returned function takes the listener back. */
  on<Name extends keyof ConvertEvents>(
    name: Name,
    listener: (event: ConvertEvents[Name]) => void,
  ): () => void;
  /** True while `open` has something to wait for: it must be called before the handler then. */
  readonly waits: boolean;
  /** True where a remote store is read before handlers run: mount after authentication then. */
  readonly readsAhead: boolean;
  /** True where each request is to be opened, whether or not its handler uses the context. */
  readonly opensAlways: boolean;
  readonly logger: Logger;
}

export interface ForVisitorOptions {
  /** What rules on visitor properties are matched against. */
  properties?: Record<string, unknown>;
  consent?: Consent;
}

export interface ConvertStats {
  readonly engine: string;
  readonly project: ProjectStats;
  readonly store: StoreStats;
  readonly delivery: DeliveryStats;
}

/** Marks instances across the two builds of this package (ESM and CommonJS). */
const BRAND = Symbol.for('convert-middleware.convert');

/** Milliseconds that a job waits for the project config. */
const JOB_TIMEOUT = 5_000;

/** Work that may wait for the first project config: a bound, should that never come. */
const MAX_WAITING = 1_000;

/**
 * Everything that an app needs one of. Adapters make one from their options; make your own to share it between apps,
 * jobs and tests.
 *
 * @throws ConvertError for wrong or missing options
 */
export function createConvert<Raw = unknown>(options?: ConvertOptions<Raw>): Convert {
  return new ConvertInstance(resolveOptions(options));
}

/** As `createConvert`, for the test double: another outbox, which the end of the process is of no concern to. */
export function createConvertWith(options: ResolvedOptions, outbox: OutboxFactory): Convert {
  return new ConvertInstance(options, outbox, () => () => undefined);
}

export function isConvert(value: unknown): value is Convert {
  return typeof value === 'object' && value !== null && BRAND in value;
}

class ConvertInstance implements Convert, Runtime {
  readonly [BRAND] = true;
  readonly logger: Logger;
  readonly environment: string;
  readonly store: VisitorStore;
  readonly outbox: Outbox;
  readonly claimLeases: ClaimLeases | undefined;
  readonly storeTimeout: number;
  readonly storeKeys: StoreKeys;
  readonly consentConfigured: boolean;
  readonly uncommitted = new CompactSet<Uncommitted>();
  readonly revocations = createRevocations();
  readonly waitUntil: Runtime['waitUntil'];
  readonly opensAlways: boolean;
  project: LoadedProject | undefined;

  readonly #engine: string;
  readonly #remote: RemoteStore | undefined;
  readonly #keeper: ProjectRepository;
  readonly #parts: RequestServices;
  readonly #acceptHints: boolean | 'critical';
  readonly #emitter = createEventBus<ConvertEvents>((error, name) => {
    const problem = asConvertError(error, 'CONVERT_CALLBACK', `a listener for '${name}' threw`);
    // Not as an event: that listener may be the one that throws.
    this.#once(problem.kind, () => this.logger.error(problem.message));
  });
  readonly #once = oncePerCode();
  readonly #waiting: ((project: LoadedProject) => void)[] = [];
  readonly #undrain: () => void;
  readonly #unsignal: (() => void) | undefined;
  readonly #servers = new Servers((options) => this.close(options));
  #closed: Promise<DeliveryLedger> | undefined;

  constructor(options: ResolvedOptions, outbox?: OutboxFactory, drain = drainBeforeExit) {
    this.logger = options.logger;
    this.environment = options.environment;
    this.storeTimeout = options.storeTimeout;
    const onError = (error: ConvertError): void => this.report(error);
    const flush = (timeout: number): Promise<DeliveryLedger> => this.outbox.flush(timeout);
    this.waitUntil = options.waitUntil && tellPlatform(options.waitUntil, { flush, onError });

    const source = resolveProject({
      project: options.project,
      projectCache: options.projectCache,
      sdkKey: options.sdkKey,
      sdkKeySecret: options.sdkKeySecret,
      environment: options.environment,
      endpoint: options.endpoints?.config,
      refreshInterval: options.refreshInterval,
    });
    const { config: configBase, track } = options.endpoints ?? {};
    if (configBase !== undefined) checkEndpoint('endpoints.config', configBase);
    if (track !== undefined) checkEndpoint('endpoints.track', track);
    const engine =
      options.engine ?? compiledEngine({ strictSdk: options.strictSdk, uiRules: options.uiRules });
    this.#engine = engine.name;
    const settings = (): Readonly<Record<string, unknown>> | undefined =>
      this.project && (this.project.config.project.settings ?? {});
    this.#parts = requestServices(options, settings, {
      onError,
      warn: (message) => this.warnOnce(`request:${message}`, message),
      geoListener: {
        failing: (error) => this.#failing(error),
        recovered: (what) => this.logger.info?.(`convert: ${what}`),
      },
    });
    const { visitors, reader } = this.#parts;
    this.storeKeys = visitors.storeKeys;
    this.consentConfigured = visitors.consentConfigured;
    this.#acceptHints = options.acceptClientHints ?? false;
    this.opensAlways = this.#acceptHints !== false;
    const store = storeOf(options.store);
    if (store.remote) {
      this.#remote = new RemoteStore(store, {
        budget: options.storeTimeout,
        cache: options.storeCache ?? {},
        isComplete: (state) => this.project !== undefined && isInAll(state, this.project.running),
        failing: (error) => this.#failing(error),
        worksAgain: () => this.logger.info?.('convert: the visitor store answers again'),
      });
    }
    this.store = this.#remote ?? store;
    this.outbox = outboxOf(
      options,
      {
        project: () => this.project?.config,
        listener: {
          delivered: (count) => this.emit('delivered', { count }),
          dropped: (count, reason) => {
            const lost = DROP_WARNINGS[reason];
            if (lost !== undefined) this.warnOnce(`dropped:${reason}`, lost);
            this.emit('dropped', { count, reason });
          },
          error: (error) => this.#failing(error),
          recovered: (what) => this.logger.info?.(`convert: ${what}`),
        },
      },
      outbox,
    );
    const claimsLapse = this.store.outlives === true && this.outbox.outlives === true;
    this.claimLeases = claimsLapse ? new ClaimLeases(this.store, onError, () => this.now()) : undefined;
    this.#keeper = new ProjectRepository(source, {
      readyTimeout: options.readyTimeout,
      onConfig: (config, first) => {
        this.project = {
          config,
          engine: engine.load(config),
          running: runningExperiences(config, this.environment),
        };
        for (const warning of this.project.engine.warnings) this.warnOnce(`config:${warning}`, warning);
        const elsewhere = runsElsewhere(config, this.environment);
        if (elsewhere !== undefined) this.warnOnce(`environment:${elsewhere}`, elsewhere);
        for (const work of this.#waiting.splice(0)) work(this.project);
        this.emit(first ? 'ready' : 'config', { version: versionOf(config) });
      },
      onError: (error, inARow) => {
        if (inARow === 1) this.logger.error(error.message);
        this.emit('error', error);
      },
      onOlder: (checkedAt, failures) => {
        const from = `started with the project config of ${new Date(checkedAt).toISOString()} from the cache`;
        // Only that the endpoint is slow is not worth a warning.
        if (failures > 0) this.logger.warn(`convert: ${from}; the endpoint fails, and is asked again`);
        else this.logger.info?.(`convert: ${from}; the endpoint has not answered yet`);
      },
      onRecovery: (failures) =>
        this.logger.info?.(`convert: the project config is back after ${failures} failures`),
      onCacheTrouble: (error) => {
        this.logger.error(error.message);
        this.emit('error', error);
      },
      onCacheRecovery: (what) => this.logger.info?.(`convert: ${what}`),
    });
    this.#keeper.start();
    reader.load().catch((error: unknown) => {
      this.report(asConvertError(error, 'CONVERT_BAD_OPTION', 'option `geo` can not be loaded'));
    });
    this.#undrain = drain(this);
    if (options.shutdown === 'signals') this.#unsignal = closeOnSignals(this);
  }

  get waits(): boolean {
    return this.store.remote || this.#keeper.waitForFirst() !== undefined;
  }

  get readsAhead(): boolean {
    return this.store.remote;
  }

  now(): number {
    return Date.now();
  }

  ready(): Promise<void> {
    return this.#keeper.ready();
  }

  openNow(request: IncomingRequest, response: OutgoingResponse): RequestContext {
    const context = new RequestContext(this, this.#parts, request, response);
    if (this.#acceptHints !== false) context.acceptHints(this.#acceptHints === 'critical');
    return context;
  }

  open(request: IncomingRequest, response: OutgoingResponse): ConvertContext | Promise<ConvertContext> {
    const context = this.openNow(request, response);
    const first = this.#keeper.waitForFirst();
    if (first === undefined && !this.store.remote) return context;
    return context.skipped ? context : this.#prepare(context, first);
  }

  async forVisitor(
    visitorId: string | number | null | undefined,
    options: ForVisitorOptions = {},
  ): Promise<VisitorContext> {
    const id = isId(visitorId) ? String(visitorId) : '';
    if (id === '')
      this.warnOnce('no-visitor-id', 'forVisitor was given no visitor id; nothing is counted for it');
    await this.#projectForJob();
    // The visitor may be in the middle of a request of this process, whose consent and decisions count here.
    const commits = [...this.uncommitted].filter((each) => each.visitorId === id);
    await Promise.all(commits.map(async (each) => each.commit()));
    const found = await readForJob(this, id);
    const { properties = {}, consent } = options;
    return new JobContext(this, { visitorId: id, properties, consent, ...found });
  }

  async forget(visitorId: string | number): Promise<void> {
    const id = isId(visitorId) ? String(visitorId) : '';
    if (id === '')
      throw new ConvertError(
        'CONVERT_BAD_OPTION',
        'forget() takes a visitor id: text, not empty, or a number',
      );
    const project = await this.#projectForJob();
    if (project === undefined)
      throw new ConvertError(
        'CONVERT_NOT_READY',
        'no project config has arrived, so nobody can be forgotten',
      );
    await forgetVisitor(this, project, id);
  }

  flush(options?: { timeout?: number }): Promise<DeliveryLedger> {
    this.#commitAll();
    return this.outbox.flush(options?.timeout ?? FLUSH_TIMEOUT);
  }

  close(options?: { timeout?: number }): Promise<DeliveryLedger> {
    // Also where a framework calls it with what it has: never an exception at the end.
    return (this.#closed ??= this.#close(options?.timeout ?? 5_000));
  }

  closeWith<Server extends ClosingServer>(server: Server, options?: CloseOptions): Server {
    this.#servers.add(server, options);
    return server;
  }

  stats(): ConvertStats {
    return {
      engine: this.#engine,
      project: this.#keeper.stats(),
      store: this.#remote?.stats() ?? LOCAL_STORE,
      delivery: this.outbox.stats(),
    };
  }

  on<Name extends keyof ConvertEvents>(
    name: Name,
    listener: (event: ConvertEvents[Name]) => void,
  ): () => void {
    return this.#emitter.on(name, listener);
  }

  whenReady(work: (project: LoadedProject) => void): void {
    if (this.project) work(this.project);
    else if (this.#waiting.length < MAX_WAITING) this.#waiting.push(work);
  }

  hasListener(name: keyof ConvertEvents): boolean {
    return this.#emitter.hasListener(name) || hasSubscriber(name);
  }

  emit<Name extends keyof ConvertEvents>(name: Name, event: ConvertEvents[Name]): void {
    this.#emitter.emit(name, event);
    publish(name, event);
  }

  report(error: ConvertError): void {
    this.#once(error.kind, () => this.logger.error(error.message));
    this.emit('error', error);
  }

  /** Told once per outage: each is worth a line. */
  #failing(error: ConvertError): void {
    this.logger.error(error.message);
    this.emit('error', error);
  }

  warnOnce(code: string, message: string): void {
    this.#once(code, () => this.logger.warn(`convert: ${message}`));
  }

  /** Waits for what the request needs before its handler runs, and never longer than the options say. */
  async #prepare(context: RequestContext, first: Promise<void> | undefined): Promise<ConvertContext> {
    if (first !== undefined) await first.catch(() => undefined);
    if (this.#remote === undefined) return context;
    try {
      await context.prefetch(this.#remote);
    } catch (error) {
      this.report(
        asConvertError(error, 'CONVERT_INTERNAL', 'a visitor could not be looked up, decided without it'),
      );
    }
    return context;
  }

  async #projectForJob(): Promise<LoadedProject | undefined> {
    if (!this.project) await Promise.race([this.ready().catch(() => undefined), unrefDelay(JOB_TIMEOUT)]);
    return this.project;
  }

  #commitAll(): void {
    for (const each of this.uncommitted) void each.commit();
  }

  async #close(timeout: number): Promise<DeliveryLedger> {
    const until = performance.now() + timeout;
    this.#undrain();
    this.#unsignal?.();
    this.#commitAll();
    this.#keeper.stop();
    this.#parts.reader.close();
    const ledger = await this.outbox.close(timeout);
    this.claimLeases?.stop();
    const lost = ledger.reasons.closed ?? 0;
    if (lost > 0)
      this.logger.error(`convert: closed with ${lost} events that could not be delivered in time`);
    try {
      await withStoreTimeout(Math.max(0, until - performance.now()), this.store.close?.(), {
        keepAlive: true,
      });
    } catch (error) {
      this.report(asConvertError(error, 'CONVERT_STORE', 'the visitor store failed to close'));
    }
    return ledger;
  }
}

function isId(value: unknown): value is string | number {
  return (typeof value === 'string' && value !== '') || (typeof value === 'number' && Number.isFinite(value));
}

function storeOf(given: ConvertOptions['store']): VisitorStore {
  if (given === undefined) return memoryStore();
  return 'commit' in given ? given : sdkStore(given);
}

function unrefDelay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
}
