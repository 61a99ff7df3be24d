/** `createConvert()` for hosts with web standards, and the object that it returns. */
import { proceedWith } from '../context/current-context.js';
import type { RequestContext } from '../context/request-context.js';
import type { RequestServices } from '../context/request-services.js';
import { FLUSH_TIMEOUT } from '../context/runtime.js';
import type { ConvertContext, VisitorContext } from '../context/types.js';
import { ConvertBase } from '../convert/convert-base.js';
import { startRuntime } from '../convert/create-runtime.js';
import { assertSplittable, NamedProject } from '../convert/named-mount.js';
import type { Convert, ForVisitorOptions } from '../convert/types.js';
import type { DeliveryLedger } from '../delivery/types.js';
import type { ResolvedOptions } from '../options/types.js';
import { LOAD_LIMIT } from '../project/config-window.js';
import type { ProjectSource } from '../project/types.js';
import { asConvertError, ConvertError } from '../utils/errors.js';
import { withTimeout } from '../utils/node/timers.js';
import { asObject } from '../utils/objects.js';
import { OnDemandSource } from './on-demand-source.js';
import { type FetchOptions, resolveFetchOptions } from './options.js';
import { FlushedOutbox } from './outbox.js';
import { webPlatform, webSource } from './platform.js';
import {
  type FetchCall,
  FetchIncoming,
  FINISHED_LATE,
  HostRequest,
  isHostRequest,
  WAIT_UNTIL_THREW,
} from './request.js';
import { FetchOutgoing } from './response.js';

/** A request with its context, until the response is made. */
export interface OpenRequest<Context = ConvertContext> {
  readonly context: Context;
  /**
   * Calls `proceed` and returns what it returns: in all that it starts, `getConvert()` of
   * `convert-middleware/async-context` returns the context. Without that import, this is the call alone.
   */
  readonly run: <Result>(proceed: () => Result) => Result;
  /**
   * Completes the headers of the response: our cookies, and a `Cache-Control`. The returned response may be a copy with
   * the same body, which is not touched. Without `waitUntil`, waits until what was recorded is stored and sent, 1 s at
   * most. Never rejects.
   */
  readonly finish: (response: Response) => Promise<Response>;
  /** To be called if there will be no response, since the handler failed: what was decided counts. Never rejects. */
  readonly abandon: () => Promise<void>;
}

/** A Convert for hosts with web standards. */
export interface FetchConvert<Platform = unknown> extends Omit<
  Convert,
  'open' | 'openNow' | 'ready' | 'mountedAs' | 'closeWith' | 'readsAhead' | 'orderFiles'
> {
  /**
   * Opens the context of a request. Waits for the first project config, at most `readyTimeout`, for a remote store, at
   * most `storeTimeout`, and for drafts that a preview shows, at most 1 s. Never rejects.
   */
  open(request: Request, call?: FetchCall<Platform>): Promise<OpenRequest>;
  /**
   * Resolves when a project config is loaded; a request need not wait for that. Rejects with `CONVERT_NOT_READY` if the
   * instance is closed before, and after 10 s.
   */
  ready(): Promise<void>;
}

/** Milliseconds that `ready()` waits: a host ends what waits for other requests alone. */
const READY_LIMIT = 10_000;

const BRAND = Symbol.for('convert-middleware.fetch');

/**
 * Makes a Convert for hosts that hand out a `Request` and take a `Response`: an app needs one. Nothing is fetched, and
 * no timer is set, before the first request.
 *
 * @throws ConvertError `CONVERT_BAD_OPTION`, `CONVERT_NO_PROJECT` or `CONVERT_BAD_PROJECT` for wrong or missing options
 */
export function createConvert<Platform = unknown>(options?: FetchOptions<Platform>): FetchConvert<Platform> {
  const resolved = resolveFetchOptions(options);
  return new FetchConvertInstance(resolved, webSource(resolved), options?.as);
}

export function isFetchConvert<Platform>(
  value: FetchOptions<Platform> | FetchConvert<Platform> | object | undefined,
): value is FetchConvert<Platform> {
  return typeof value === 'object' && value !== null && BRAND in value;
}

class FetchConvertInstance extends ConvertBase implements FetchConvert {
  readonly #source: OnDemandSource | undefined;
  readonly #readyTimeout: number;
  /** Undefined if the Convert has no name of its own. */
  readonly #named: NamedProject | undefined;
  #isStarted = false;

  constructor(options: ResolvedOptions, source: ProjectSource, as = 'convert') {
    super(webPlatform(source), options);
    if (as !== 'convert') {
      assertSplittable(options.responseCache?.cookie);
      this.#named = new NamedProject(as, options.sdkKey, this.runtime);
    }
    this.#source = source instanceof OnDemandSource ? source : undefined;
    this.#readyTimeout = options.readyTimeout ?? 250;
  }

  get [BRAND](): true {
    return true;
  }

  async open(request: Request, call?: FetchCall): Promise<OpenRequest> {
    const raw = new HostRequest(request, asObject(call));
    const outgoing = new FetchOutgoing();
    const named = this.#named;
    // Its cookies have the project's id in their names.
    const hasWaited = named?.isKnown === false;
    if (hasWaited) await this.#firstProject(raw);
    const context = this.openWith(this.services, new FetchIncoming(raw), outgoing);
    if (!context.skipped) await this.#prepare(context, raw, hasWaited);
    return {
      context,
      run: (proceed) => proceedWith(context, request, proceed, named?.as),
      finish: async (response) => {
        const completed = this.#complete(outgoing, response);
        await this.#settle(raw);
        return completed;
      },
      abandon: () => {
        outgoing.close();
        return this.#settle(raw);
      },
    };
  }

  override ready(): Promise<void> {
    // A config that is due again is fetched by those who keep the host running: a fetch that is cut off is waited for.
    if (this.runtime.repository.current === undefined) void this.#refresh();
    return withTimeout(READY_LIMIT, this.runtime.repository.ready(0), { keepAlive: true, error: notReady });
  }

  override forVisitor(
    visitorId: string | number | null | undefined,
    options?: ForVisitorOptions | null,
  ): Promise<VisitorContext> {
    void this.#refresh();
    return super.forVisitor(visitorId, options);
  }

  /** For routes: `raw` is what the route got with the request. */
  forVisitorWithin(
    raw: unknown,
    visitorId: string | number | null | undefined,
    options?: ForVisitorOptions | null,
  ): Promise<VisitorContext> {
    const begun = this.#refresh();
    // A route of another adapter has the request of its framework, which keeps nothing.
    const host = isHostRequest(raw) ? raw : undefined;
    if (begun !== undefined && host !== undefined) this.#keep(host, begun);
    return this.openJob(visitorId, options, host);
  }

  /** For routes: `raw` is what the route got with the request. */
  flushWithin(raw: unknown): void {
    if (isHostRequest(raw)) this.#keep(raw, this.flush());
  }

  override forget(visitorId: string | number): Promise<void> {
    void this.#refresh();
    return super.forget(visitorId);
  }

  override async flush(options?: { timeout?: number }): Promise<DeliveryLedger> {
    const timeout: number = asObject(options).timeout ?? FLUSH_TIMEOUT;
    // A job that has begun to fetch the config gives nothing else to `waitUntil`.
    const refreshed = this.#refreshed(timeout);
    const flushed = super.flush(options);
    const { outbox } = this.runtime;
    // The events of other requests may be on their way.
    const ledger = await (outbox instanceof FlushedOutbox ? outbox.flushAll(timeout) : flushed);
    await refreshed;
    return ledger;
  }

  /** Waits for the fetch of the config that is under way, at most `timeout`. */
  async #refreshed(timeout: number): Promise<void> {
    const underWay = this.#source?.underWay;
    if (underWay !== undefined)
      await withTimeout(timeout, underWay, { keepAlive: true }).catch(() => undefined);
  }

  /**
   * Begins to fetch the config if it is due, and returns the end of that; undefined if nothing begins. Hosts allow no
   * I/O before the first request: nothing begins earlier.
   */
  #refresh(): Promise<void> | undefined {
    if (!this.#isStarted) {
      this.#isStarted = true;
      startRuntime(this.runtime);
    }
    return this.#source?.refresh();
  }

  protected override get services(): RequestServices {
    return this.#named?.services ?? super.services;
  }

  /** Waits for the first config, and has it fetched if it is due; undefined if there is nothing to wait for. */
  #firstProject(raw: HostRequest): Promise<void> | undefined {
    const begun = this.#refresh();
    if (begun !== undefined) this.#keep(raw, begun);
    return this.runtime.repository.current === undefined ? this.waitForFirst() : undefined;
  }

  async #prepare(context: RequestContext, raw: HostRequest, hasWaited: boolean): Promise<void> {
    const first = hasWaited ? undefined : this.#firstProject(raw);
    if (first !== undefined) await first;
    if (!this.isReadAhead(context)) return;
    const prepared = this.prepare(context);
    // A draft may come too late for this page, and is kept for the next one.
    if (context.preview !== null && this.runtime.drafts !== undefined)
      this.#keep(raw, this.runtime.drafts.underWay());
    await prepared;
  }

  /**
   * Waits until the first config has arrived, at most `readyTimeout`, and then until it is loaded. Each request has
   * timers of its own, since a host drops the timers of a request with the request.
   */
  protected override async waitForFirst(): Promise<void> {
    const { repository } = this.runtime;
    if (repository.current !== undefined) return;
    const ready = repository.ready(0);
    const refreshing = this.#source?.underWay;
    const within = (milliseconds: number, promise: Promise<void>): Promise<void> =>
      withTimeout(milliseconds, promise, { keepAlive: true }).catch(() => undefined);
    if (!repository.isLoading && this.#readyTimeout > 0)
      await within(this.#readyTimeout, refreshing === undefined ? ready : Promise.race([ready, refreshing]));
    if (repository.isLoading) await within(LOAD_LIMIT, ready);
  }

  #keep(raw: HostRequest, promise: Promise<unknown>): void {
    try {
      raw.keep(promise);
    } catch (error) {
      this.report(asConvertError(error, 'CONVERT_CALLBACK', WAIT_UNTIL_THREW));
    }
  }

  #complete(outgoing: FetchOutgoing, response: Response): Response {
    try {
      return outgoing.complete(response);
    } catch (error) {
      this.report(
        asConvertError(error, 'CONVERT_INTERNAL', 'the headers of a response could not be completed'),
      );
      return response;
    }
  }

  async #settle(raw: HostRequest): Promise<void> {
    if ((await raw.settled()) !== false) return;
    this.runtime.warnOnce('CONVERT_FINISH_LATE', FINISHED_LATE);
  }
}

const notReady = (): ConvertError =>
  new ConvertError('CONVERT_NOT_READY', `no project config has arrived within ${READY_LIMIT} ms`);
