/**
 * Tells what runs behind a middleware, or in a handler, which context is that of its request, if the app has asked for
 * `getConvert()`.
 */
import type { ConvertContext } from './types.js';

/** Keeps the context of a request for `getConvert()`; `convert-middleware/async-context` makes one when imported. */
export interface ContextScope {
  /**
   * Calls `proceed`: the context is the current one of its name in it, in what it starts, and in the events of the
   * request. `as` is the property at which handlers find the context.
   */
  enter<Result>(context: ConvertContext, request: object, proceed: () => Result, as: string): Result;
}

/** The place is on `globalThis`, because an app can load this package twice: as ESM and as CommonJS. */
const SCOPE = Symbol.for('convert-middleware.context-scope');
const place = globalThis as { [SCOPE]?: ContextScope };

/** Puts the scope in place, or returns the one that is there. */
export const sharedScope = <Scope extends ContextScope>(make: () => Scope): Scope =>
  (place[SCOPE] ??= make()) as Scope;

/** Goes on with a request. Without `convert-middleware/async-context`, this is the call alone. */
export function proceedWith<Result>(
  context: ConvertContext,
  request: object,
  proceed: () => Result,
  as = 'convert',
): Result {
  const scope = place[SCOPE];
  return scope === undefined ? proceed() : scope.enter(context, request, proceed, as);
}
