/** `createConvert()` and the object that it returns, on Node. */
import { RequestContext } from '../context/request-context.js';
import type { RequestServices } from '../context/request-services.js';
import type { ConvertContext } from '../context/types.js';
import type { DeliveryLedger, OutboxFactory } from '../delivery/types.js';
import type { IncomingRequest, OutgoingResponse } from '../model/http.js';
import { resolveOptions } from '../options/resolve-options.js';
import type { ConvertOptions, ResolvedOptions } from '../options/types.js';
import { LazyModule } from '../utils/lazy-module.js';
import { ConvertBase } from './convert-base.js';
import { startRuntime } from './create-runtime.js';
import { watchExit } from './exit-watch.js';
import { assertSplittable, NamedMount } from './named-mount.js';
import { NODE } from './node-platform.js';
import { orderFolderOf } from './order-folder.js';
import { closeOnSignals } from './shutdown-signals.js';
import { type CloseWithOptions, type ClosingServer, drainBeforeExit, Servers } from './shutdown.js';
import type { ContextOpener, Convert, OrderFiles } from './types.js';
import { ConvertError } from '../utils/errors.js';

export type { Convert } from './types.js';

/**
 * The key of a property that marks instances, so that either build of this package (ESM and CommonJS) recognizes those
 * of the other.
 */
const BRAND = Symbol.for('convert-middleware.convert');

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

const ORDER_FILES = new LazyModule(() => import('./order-files.js'));

export function isConvert(value: unknown): value is Convert {
  return typeof value === 'object' && value !== null && BRAND in value;
}

class ConvertInstance extends ConvertBase implements Convert {
  readonly #options: ResolvedOptions;
  readonly #undrain: () => void;
  readonly #unsignal: (() => void) | undefined;
  /** How the app has mounted this Convert, if it is not at `convert`. */
  #mount: NamedMount | undefined;
  #isAtConvert = false;
  readonly #servers = new Servers({
    close: (options) => this.close(options),
    report: (error) => this.runtime.report(error),
    watch: () => watchExit(this.runtime),
  });

  constructor(options: ResolvedOptions, outbox?: OutboxFactory, drain = drainBeforeExit) {
    super(NODE, options, outbox);
    this.#options = options;
    startRuntime(this.runtime);
    this.#undrain = drain(this);
    if (options.shutdown === 'signals') this.#unsignal = closeOnSignals(this);
  }

  get [BRAND](): true {
    return true;
  }

  async orderFiles<Order>(
    isOrder: (value: unknown) => value is Order,
  ): Promise<OrderFiles<Order> | undefined> {
    const folder = orderFolderOf(this.#options, this.runtime.project?.config);
    return folder && new (await ORDER_FILES.get()).FolderOrderFiles(isOrder, folder);
  }

  get readsAhead(): boolean {
    const { drafts, services, store } = this.runtime;
    return store.remote || (drafts !== undefined && typeof services.previews.option === 'function');
  }

  open(request: IncomingRequest, response: OutgoingResponse): ConvertContext | Promise<ConvertContext> {
    const { node } = request as { readonly node?: { convert?: unknown } };
    // Another framework may have handled the same request, with the same instance.
    if (node !== undefined && this.#hasMade(node.convert)) return node.convert;
    const context = this.openNow(request, response);
    if (node !== undefined && node.convert === undefined) keepOn(node, context);
    return this.#prepared(context);
  }

  mountedAs(as: string): ContextOpener {
    const before = this.#isAtConvert ? 'convert' : (this.#mount?.as ?? as);
    if (before !== as)
      throw new ConvertError(
        'CONVERT_BAD_OPTION',
        `option \`as\` is '${as}', and this Convert is mounted as '${before}' already: give it one name in all apps` +
          " (without `as`, the name is 'convert')",
      );
    if (as === 'convert') {
      this.#isAtConvert = true;
      return this;
    }
    assertSplittable(this.#options.responseCache?.cookie);
    return (this.#mount ??= new NamedMount(as, this.#options.sdkKey, this.runtime, {
      open: (...given) => this.openWith(...given),
      first: () => this.waitForFirst(),
      prepared: (context) => this.#prepared(context),
    }));
  }

  closeWith<Server extends ClosingServer>(server: Server, options?: CloseWithOptions): Server {
    this.#servers.add(server, options);
    return server;
  }

  protected override get services(): RequestServices {
    return this.#mount?.services ?? super.services;
  }

  #prepared(context: RequestContext): ConvertContext | Promise<ConvertContext> {
    const first = this.waitForFirst();
    if (first === undefined && !this.isReadAhead(context)) return context;
    return context.skipped ? context : this.prepare(context, first);
  }

  #hasMade(context: unknown): context is RequestContext {
    return context instanceof RequestContext && context.isOf(this.runtime.services);
  }

  protected override stop(timeout: number): Promise<DeliveryLedger> {
    this.#undrain();
    this.#unsignal?.();
    return super.stop(timeout);
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
