/** The public interface of a Convert: the methods for apps, jobs and adapters. */
import type { Consent } from '../consent/consent.js';
import type { StateStats } from '../context/state-problems.js';
import type { ConvertContext, ConvertEvents, VisitorContext } from '../context/types.js';
import type { DeliveryLedger, DeliveryStats } from '../delivery/types.js';
import type { IncomingRequest, OutgoingResponse } from '../model/http.js';
import type { Standing } from '../model/project-config.js';
import type { ProjectStats } from '../project/repository.js';
import type { VisitorRequest } from '../request/described-request.js';
import type { StoreStats } from '../store/remote-store.js';
import type { ConvertError } from '../utils/errors.js';
import type { Digests } from '../utils/digests.js';
import type { Logger } from '../utils/logger.js';
import type { CookieStats } from './cookie-formats.js';
import type { PreviewLinkOptions } from './preview-url.js';
import type { CloseWithOptions, ClosingServer } from './shutdown.js';

/** Opens the contexts of requests, for adapters. */
export interface ContextOpener {
  /**
   * Opens the context of a request, for adapters. Returns a promise only if the handler has to wait: for the first
   * project config, at most `readyTimeout`, for a remote store, at most `storeTimeout`, and for drafts that a
   * preview shows, at most 1 s.
   */
  open(request: IncomingRequest, response: OutgoingResponse): ConvertContext | Promise<ConvertContext>;
  /**
   * Opens the context of a request without waiting, for adapters. Fastify reads `request.convert` by a getter, which
   * has to return a context at once, even before the hook of the plugin has run.
   */
  openNow(request: IncomingRequest, response: OutgoingResponse): ConvertContext;
}

export interface Convert extends ContextOpener {
  /**
   * Resolves when a project config is loaded; a server need not wait for that. Rejects with a ConvertError
   * `CONVERT_NOT_READY` if the instance is closed before. A call keeps the process alive for 10 s at most.
   */
  ready(): Promise<void>;
  /**
   * For adapters: what opens contexts that are put at this property. Those at another one than `convert`, since the app
   * has more than one Convert, share the visitor of the request with those of the others. A Convert has one name.
   *
   * @throws ConvertError `CONVERT_BAD_OPTION` for a second name
   */
  mountedAs(as: string): ContextOpener;
  /**
   * Opens the context of a visitor without a request, for jobs and webhooks. Waits for the project config, at most 5 s,
   * and then, at most 5 s, while over half of the room for events is taken (`delivery.maxQueueBytes`), so that a job
   * makes no more events than can be sent (`stats().jobs.waits` counts these waits).
   * If consent is configured and `options.consent` is not given, the stored answer of the visitor decides. If the id is
   * missing (an order of a visitor without one), nothing is counted, which is logged once. A value of another type than
   * documented causes an `error` event, and nothing is counted. Never rejects.
   *
   * The id may be a text of `carry()`, which names the visitor, their origin and their grant. If it is forged or older
   * than 30 days, nothing is counted, which is logged once.
   *
   * @example
   * ```js
   * const visitor = await convert.forVisitor(order.visitorId);
   * visitor.trackConversion('purchase', { conversionData: [{ key: 'amount', value: order.total }] });
   * ```
   */
  forVisitor(
    visitorId: string | number | null | undefined,
    options?: ForVisitorOptions | null,
  ): Promise<VisitorContext>;
  /**
   * Deletes the data of a visitor, whether the id is one of the app or of our cookie: the stored state, what requests
   * in this process have not committed yet, and events that wait in any process that shares the spool or Redis (counted
   * as `forgotten`). Waits for the project config, at most 5 s. A batch that is under way may still arrive, but is not
   * sent again with the visitor in it; other processes follow within some 3 s. What the visitor does after the call is
   * counted again.
   *
   * The call does not delete what Convert has received, cookies in the visitor's browser, or what a request that is
   * under way in another process commits.
   *
   * Rejects with a ConvertError if some data may be left: call it again then. `CONVERT_STORE`: the store failed to
   * delete, or did not answer for 5 s. `CONVERT_SPOOL`: the disk or Redis failed, so that events that wait there may be
   * sent. `CONVERT_NOT_READY`: there is no project config. `CONVERT_CALLBACK`: an outbox of the app's own failed.
   * `CONVERT_BAD_OPTION`: the value is no visitor id, and no valid text of `carry()`.
   */
  forget(visitorId: string | number): Promise<void>;
  /**
   * Returns `url`, an http(s) address or a path, with a signed link that shows variations until it expires. Needs
   * `secrets`.
   *
   * @example
   * ```js
   * convert.previewLink('https://shop.example/', {
   *   variations: { 'homepage-hero': 'version-b' },
   *   expires: new Date(Date.now() + 3_600_000),
   * });
   * ```
   *
   * @throws ConvertError `CONVERT_BAD_OPTION` for a wrong value or an unknown key, without `secrets`, and with
   *   `preview: false`; `CONVERT_NOT_READY` before the first project config
   */
  previewLink(url: string, options: PreviewLinkOptions): string;
  /**
   * Commits recorded decisions and conversions, and sends the events that wait. Resolves with the ledger when they are
   * delivered, at the latest after `timeout` ms (default 5000).
   */
  flush(options?: { timeout?: number }): Promise<DeliveryLedger>;
  /**
   * Flushes, then stops for good: events that could not be delivered within `timeout` ms (default 5000) are dropped,
   * counted and logged, or stay in the spool or Redis. Never rejects; a second call returns the promise of the first.
   */
  close(options?: { timeout?: number }): Promise<DeliveryLedger>;
  /**
   * Closes the instance when `server` has closed (`server.close()` is over), or when the last of several servers has.
   * Returns `server`. `options` are those of `close`, and `after`: a function that closes what the instance has used.
   * Needed with Express and Koa only: Fastify's plugin closes the instance that it has made. If the process ends before
   * all is done, a line on stderr says so: a framework that ends the process itself has to await `close`.
   *
   * @example
   * ```js
   * convert.closeWith(app.listen(3000), { after: () => redis.disconnect() });
   * ```
   *
   * @throws ConvertError `CONVERT_BAD_OPTION` for anything else than a server
   */
  closeWith<Server extends ClosingServer>(server: Server, options?: CloseWithOptions): Server;
  /** Figures for monitoring: engine, project config, store and delivery. */
  stats(): ConvertStats;
  /**
   * Adds a listener for an event. The returned function removes it. If the listener throws, or returns a promise that
   * rejects, that is logged.
   *
   * @throws ConvertError `CONVERT_BAD_OPTION` for the name of no event, or a listener that is no function
   */
  on<Name extends keyof ConvertEvents>(
    name: Name,
    listener: (event: ConvertEvents[Name]) => void,
  ): () => void;
  /**
   * For adapters: true if `open` reads a remote store, or asks the option `preview`, before the handler runs. Then
   * Fastify opens contexts in a later hook, after authentication.
   */
  readonly readsAhead: boolean;
  /**
   * For webhooks: resolves with what keeps orders on disk that can not be counted yet. Undefined without
   * `delivery.spool`, and while neither `sdkKey` nor a config tells the project.
   */
  orderFiles<Order>(isOrder: (value: unknown) => value is Order): Promise<OrderFiles<Order> | undefined>;
  /** For routes: how texts are hashed, and signatures checked, on this platform. */
  readonly digests: Digests;
  /** For routes: how the experience of a key stands in the project; undefined before the first project config. */
  standingOf(key: string): Standing | undefined;
  readonly logger: Logger;
  /** For adapters and routes: logs an error, once for each kind, and emits it as an `error` event. */
  report(error: ConvertError): void;
}

/** What routes, such as webhooks, need of a Convert: one of Node, or of `convert-middleware/fetch`. */
export type RouteConvert = Pick<
  Convert,
  'digests' | 'flush' | 'forVisitor' | 'logger' | 'report' | 'standingOf'
> &
  Partial<Pick<Convert, 'orderFiles'>> & {
    /**
     * As `forVisitor`, for a job of the request `raw`, on hosts that end a request with its response: the host waits
     * for what the job records, and for nothing of other requests. Undefined on Node.
     */
    readonly forVisitorWithin?: (
      raw: unknown,
      ...job: Parameters<Convert['forVisitor']>
    ) => Promise<VisitorContext>;
    /** On these hosts, too: the host of the request `raw` waits for a flush. The app may have recorded something. */
    readonly flushWithin?: (raw: unknown) => void;
  };

/** Keeps orders that wait, so that they outlive their process. */
export interface OrderFiles<Order> {
  /** Writes an order, and resolves with the name of its file once it survives a power cut. */
  add(order: Order, at: number): Promise<string>;
  /** False if another process owns the order by now, since it took this one for dead. */
  has(name: string): Promise<boolean>;
  remove(name: string): Promise<void>;
  /** Takes over orders of processes that have died, `room` at most. */
  adopt(room: number): Promise<readonly OrderFile<Order>[]>;
}

export interface OrderFile<Order> {
  /** The name of the file, by which its owner asks for it and removes it. */
  readonly name: string;
  /** Since when the order waits, in milliseconds since the epoch. */
  readonly at: number;
  /** The order; undefined if the file holds none. */
  readonly order: Order | undefined;
}

export interface ForVisitorOptions {
  /**
   * The visitor properties that rules are matched against. They go before those that `request` tells. Default: none.
   */
  properties?: Record<string, unknown> | null;
  /**
   * The visitor's answer to the question for consent, if the job knows it. Default: the answer that is stored with the
   * visitor's state.
   */
  consent?: Consent | null;
  /**
   * Where the id comes from: `app` if `visitor.id` gives it, `cookie` if it was read from a context of a visitor who is
   * known by our cookie (`visitorId`), `carried` if it comes back from outside (an order, a form, a header), where
   * strangers may have written it. With `carried` and `secrets`, only a signed text can name a visitor of the app, and
   * any other one is an id of our cookie or none. A signed text tells its origin itself, whatever is given here.
   * Default: the app's visitor of that id, if something is stored of them, or if a cookie can not hold the id; else the
   * cookie's visitor. It matters only if the option `visitor.id` is set.
   */
  origin?: 'app' | 'cookie' | 'carried' | null;
  /**
   * What another server tells of the visitor's own request, for rules about pages, devices and places, and for reports.
   * What it does not tell is unknown; functions of the app (`properties`, `geo`, `bots`) are not asked. With this
   * option, `{}` too, somebody waits for the answer: the call waits as a page does (`readyTimeout`, `storeTimeout`),
   * and for no room for events. Default: none, a job.
   *
   * @example
   * ```js
   * const visitor = await convert.forVisitor(id, { request: { url, userAgent, ip } });
   * const hero = visitor.runExperience('homepage-hero');
   * ```
   */
  request?: VisitorRequest | null;
}

export interface ConvertStats {
  readonly engine: string;
  readonly project: ProjectStats;
  readonly store: StoreStats;
  readonly state: StateStats;
  readonly cookies: CookieStats;
  readonly delivery: DeliveryStats;
  readonly jobs: JobStats;
}

export interface JobStats {
  /** The number of calls of `forVisitor` that waited because over half of the room for events was taken. */
  readonly waits: number;
}
