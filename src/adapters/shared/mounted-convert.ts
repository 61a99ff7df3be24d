/** A Convert as each adapter mounts it: opens the context of a request, has it put where handlers look, and goes on. */
import { proceedWith } from '../../context/current-context.js';
import { templateView } from '../../context/template-view.js';
import { type ConvertContext, isContext } from '../../context/types.js';
import { createConvert, isConvert } from '../../convert/convert.js';
import type { Convert } from '../../convert/types.js';
import type { OutgoingResponse } from '../../model/http.js';
import type { ConvertOptions } from '../../options/types.js';
import { traitsOf } from '../../utils/errors.js';
import { assertMount, type ContextProperty, contextProperty, type MountOptions } from './context-property.js';
import type { NodeRequest } from './framework-request.js';
import { warnOnce, warnTwice } from './mount-warnings.js';

export class MountedConvert {
  readonly #property: ContextProperty;

  /** @throws ConvertError `CONVERT_BAD_OPTION` if the Convert is mounted under another name already */
  constructor(
    readonly convert: Convert,
    mount: MountOptions | undefined,
  ) {
    this.#property = contextProperty(convert, mount, (code, message) => warnOnce(convert, code, message));
  }

  /** The property at which handlers find the context. */
  get as(): string {
    return this.#property.as;
  }

  /** Opens the context at once, for code that reads it before the middleware has run. */
  openNow(request: NodeRequest, response: OutgoingResponse): ConvertContext {
    return this.#property.opener.openNow(request, response);
  }

  /**
   * Opens the context, calls `attach` with it, and goes on: at once if the context is open already, else when it is.
   * `attach` sets properties on objects of the framework: if these take none, the request goes on without.
   */
  serve<Result>(
    request: NodeRequest,
    response: OutgoingResponse,
    attach: (context: ConvertContext) => void,
    proceed: () => Result,
  ): Result | Promise<Result> {
    const opened = this.#property.opener.open(request, response);
    return opened instanceof Promise
      ? opened.then((context) => this.#goOn(context, request, attach, proceed))
      : this.#goOn(opened, request, attach, proceed);
  }

  #goOn<Result>(
    context: ConvertContext,
    { node }: NodeRequest,
    attach: (context: ConvertContext) => void,
    proceed: () => Result,
  ): Result {
    try {
      attach(context);
    } catch (error) {
      const message = `the context could not be put onto the request (${traitsOf(error)})`;
      warnOnce(this.convert, 'CONVERT_NOT_ATTACHED', message);
    }
    return proceedWith(context, node, proceed, this.as);
  }

  /**
   * True if the object has a context already, also if another copy of this package made it. The first context stays,
   * and the operator is told.
   */
  isOn(target: object | undefined): boolean {
    if (!isContext(this.#property.read(target))) return false;
    warnTwice(this.convert);
    return true;
  }

  /** Reads the context of a framework's request that has one. */
  contextOn(target: object): ConvertContext {
    return this.#property.read(target) as ConvertContext;
  }

  /** Puts the context onto the framework's request. */
  putOnto(target: object, context: ConvertContext): void {
    this.#property.write(target, context);
  }

  /** Puts the context into the object that templates read, if the app has one. */
  putIntoViews(locals: unknown, context: ConvertContext): void {
    if (typeof locals === 'object' && locals !== null) this.#property.write(locals, templateView(context));
  }
}

/**
 * Mounts the instance that was given, or makes one from options.
 *
 * @throws ConvertError `CONVERT_BAD_OPTION` for a wrong `as`, before an instance is made
 */
export function mountConvert(
  given: ConvertOptions<never> | Convert | undefined,
  mount: MountOptions | undefined,
): MountedConvert {
  assertMount(mount);
  return new MountedConvert(isConvert(given) ? given : createConvert(given), mount);
}
