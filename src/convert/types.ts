/** The public interface of a Convert: everything that an app, its jobs and the adapters ask of it. */
import type { Consent } from '../consent/consent.js';
import type { ConvertContext, ConvertEvents, VisitorContext } from '../context/types.js';
import type { DeliveryLedger, DeliveryStats } from '../delivery/types.js';
import type { IncomingRequest, OutgoingResponse } from '../model/http.js';
import type { ProjectStats } from '../project/repository.js';
import type { StoreStats } from '../store/remote-store.js';
import type { Logger } from '../utils/logger.js';
import type { CloseOptions, ClosingServer } from './shutdown.js';

export interface Convert {
  /** Resolves when a project config is loaded. Never needed before serving. Rejects once closed. */
  ready(): Promise<void>;
  /**
   * For adapters: the context of a request. A promise only if the handler has to wait: until the first project
   * config is there, at most `readyTimeout`, and for a remote store, at most `storeTimeout`.
   */
  open(request: IncomingRequest, response: OutgoingResponse): ConvertContext | Promise<ConvertContext>;
  /**
   * For adapters: as `open`, but never waits. Fastify reads `request.convert` by a getter, which has to return a
   * context at once also before the hook of the plugin has run.
   */
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
   * Deletes what is held of a visitor, under the id as an id of the app and as one of our cookie: stored state,
   * what requests of theirs in this process have not committed yet, and events that are pending, in whichever
   * process that shares the spool or Redis (counted as `forgotten`). Waits for the project config, at most 5 s. A
   * batch that is under way may still arrive, but is not sent again with the visitor in it; other processes hear of
   * it within some 3 s. What comes of the visitor after the call is counted again.
   *
   * It does not reach what Convert has received, cookies in the visitor's browser, or a request that is under way
   * in another process at that moment.
   *
   * Rejects with a ConvertError where something of it may still be there: call it again then. `CONVERT_STORE` the
   * store could not delete (an answer is awaited for 5 s); `CONVERT_SPOOL` the disk or Redis did not take it, so
   * that what waits there may be sent; `CONVERT_NOT_READY` there is no project config; `CONVERT_CALLBACK` an outbox
   * of the app's own failed; `CONVERT_BAD_OPTION` this is no visitor id.
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
  /**
   * For adapters: `open` reads a remote store before the handler runs. Fastify chooses by it the hook in which
   * contexts are opened: the visitor has to be the one that authentication has found.
   */
  readonly readsAhead: boolean;
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
