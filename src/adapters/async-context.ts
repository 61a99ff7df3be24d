/** `getConvert()`: the context of the request that is being served, anywhere below the middleware. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { ConvertContext } from '../context/types.js';
import { type ContextScope, sharedScope } from '../context/current-context.js';

interface Emitter {
  emit?: (...given: unknown[]) => unknown;
}

class AsyncContextScope implements ContextScope {
  /** One for each name under which a Convert of the app is mounted. */
  readonly #storages = new Map<string, AsyncLocalStorage<ConvertContext>>();

  currentAt(as: string): ConvertContext | undefined {
    return this.#storages.get(as)?.getStore();
  }

  enter<Result>(context: ConvertContext, request: object, proceed: () => Result, as: string): Result {
    let storage = this.#storages.get(as);
    if (storage === undefined) this.#storages.set(as, (storage = new AsyncLocalStorage()));
    keepInEvents(storage, context, request);
    return storage.run(context, proceed);
  }
}

/**
 * The events of a request come from the socket, where no request is current. A body parser that calls back in one of
 * them, as busboy and Fastify's parsers do, would lose the context.
 */
function keepInEvents(
  storage: AsyncLocalStorage<ConvertContext>,
  context: ConvertContext,
  request: Emitter,
): void {
  const { emit } = request;
  if (typeof emit !== 'function') return;
  request.emit = (...given) => storage.run(context, () => emit.apply(request, given));
}

const scope = sharedScope(() => new AsyncContextScope());

/**
 * Returns the context of the request that is being served: what `req.convert` is in its handler. It works in all that
 * a request starts below the middleware, after body parsers too, and in all that a handler of `withConvert` starts.
 * Undefined where no request is served, as in a job: use `convert.forVisitor()` there.
 *
 * Import the module before the server takes requests: it has each of them remembered from then on, which costs some
 * microseconds.
 *
 * @example
 * ```js
 * import { getConvert } from 'convert-middleware/async-context';
 *
 * const heroTitle = () =>
 *   getConvert()?.runExperience('homepage-hero')?.key === 'version-b' ? 'New' : 'Old';
 * ```
 *
 * @param as the property at which the app has mounted the Convert, if it has more than one. Default `convert`
 */
export const getConvert = (as = 'convert'): ConvertContext | undefined => scope.currentAt(as);
