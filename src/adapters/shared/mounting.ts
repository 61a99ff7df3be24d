/** Helpers of all adapters: the instance that they mount, how a context is attached, and warnings about mounting. */
import { templateView } from '../../context/template-view.js';
import { type ConvertContext, isContext } from '../../context/types.js';
import { createConvert, isConvert } from '../../convert/convert.js';
import type { Convert } from '../../convert/types.js';
import type { Mountable } from '../../model/mountable.js';
import type { ConvertOptions } from '../../options/types.js';
import { ConvertError } from '../../utils/errors.js';
import { assertOptions, oneOf, shape } from '../../utils/option-checks.js';
import { logWarning, type WarnOnce, warnOnceOn } from '../../utils/operator-log.js';
import type { WarningCode } from '../../utils/warning-codes.js';
import { assertMount, type ContextProperty, contextProperty, type MountOptions } from './context-property.js';

/** Returns the property of a Convert, for adapters whose options say how it is mounted. */
export const propertyOf = (convert: Convert, options: MountOptions | undefined): ContextProperty =>
  contextProperty(convert, options, (code, message) => warnOnce(convert, code, message));

/**
 * Returns the instance that was given, or makes one from options.
 *
 * @throws ConvertError `CONVERT_BAD_OPTION` for a wrong `as`, before an instance is made
 */
export function convertOf(
  given: ConvertOptions<never> | Convert | undefined,
  options: MountOptions | undefined,
): Convert {
  assertMount(options);
  return isConvert(given) ? given : createConvert(given);
}

/** True for what an adapter mounts besides a Convert. */
export function isMountable(given: unknown): given is Mountable {
  return typeof given === 'object' && given !== null && 'as' in given && 'open' in given && !isConvert(given);
}

const HOOK = shape({ hook: oneOf('onRequest', 'preValidation', 'preHandler') });

/** Checks `hook`, and leaves out the options that belong to Fastify's `register`. */
export function pluginOptions<Options extends object>(hook: unknown, given: Options): Options {
  assertOptions(HOOK, { hook });
  const isOurs = ([name]: [string, unknown]): boolean =>
    !['prefix', 'logLevel', 'logSerializers'].includes(name);
  return Object.fromEntries(Object.entries(given).filter(isOurs)) as Options;
}

/** Refuses options that are given together with a `Convert`: nothing would read them. */
export function assertConvert(given: unknown, others: object): asserts given is Convert {
  const [other] = Object.keys(others);
  if (isConvert(given) && other === undefined) return;
  throw new ConvertError(
    'CONVERT_BAD_OPTION',
    other === undefined
      ? 'option `convert` must be what createConvert() returned'
      : `option \`${other}\` is given together with \`convert\`; give it to createConvert() instead`,
  );
}

/** True if the request has a context already, also if another copy of this package made it. The first context stays. */
export function isMounted(existing: unknown, convert: Convert): boolean {
  if (!isContext(existing)) return false;
  warnTwice(convert);
  return true;
}

const warners = new WeakMap<Convert, WarnOnce>();

/** Logs a warning, once per instance. */
export function warnOnce(convert: Convert, code: WarningCode, message: string): void {
  const warn = warners.get(convert) ?? warnOnceOn(convert.logger);
  warners.set(convert, warn);
  warn(code, message);
}

export function warnTwice(convert: unknown): void {
  if (!isConvert(convert)) {
    throw new ConvertError('CONVERT_BAD_OPTION', 'the name `convert` is taken on this app by somebody else');
  }
  warnOnce(
    convert,
    'CONVERT_MOUNTED_TWICE',
    'mounted twice on the way of one request; the first one is used, remove the other' +
      ' (a second project needs a name of its own: { as: ... }, see docs/guides/two-projects.md)',
  );
}

export function warnEarly(convert: Convert): void {
  warnOnce(
    convert,
    'CONVERT_READ_EARLY',
    'request.convert was read in a hook that runs before the one of the plugin; what is decided there ' +
      'knows nothing of ' +
      'the response or of a remote store, so a new visitor has another id there than in the handler; ' +
      'register the plugin before ' +
      'that hook, or read it later',
  );
}

/**
 * Runs `attach`, which sets properties on objects of the framework: if these take none, the request goes on without.
 */
export function tryToAttach(convert: Convert, attach: () => void): void {
  try {
    attach();
  } catch (error) {
    const message = `the context could not be put onto the request: ${String(error)}`;
    warnOnce(convert, 'CONVERT_NOT_ATTACHED', message);
  }
}

/** Calls `attach` with the context: at once if the context is open already, else when it is. */
export function whenOpen(
  opened: ConvertContext | Promise<ConvertContext>,
  attach: (context: ConvertContext) => void,
): void {
  if (opened instanceof Promise) void opened.then(attach);
  else attach(opened);
}

let told = false;

/** Logs, once per process, that the app has `app.use(convertMiddleware)` instead of `app.use(convertMiddleware())`. */
export function tellUncalled(): void {
  if (told) return;
  told = true;
  const message =
    'convertMiddleware was mounted without calling it, so nothing is decided; ' +
    'write app.use(convertMiddleware()) with the parentheses';
  // There is no instance, so no logger, yet.
  logWarning(console, 'CONVERT_NOT_CALLED', message, 'error');
}

/** Puts the context into the object that templates read, if the app has one. */
export function addToViews(locals: unknown, context: ConvertContext, property: ContextProperty): void {
  if (typeof locals === 'object' && locals !== null) property.write(locals, templateView(context));
}

let isAttachFailureTold = false;

/**
 * Puts what is mounted onto the framework's request, if it has none yet. If the request takes no properties, it goes on
 * without, and a line on stderr says so, once per process.
 */
export function attachOnce(target: object, { as }: Mountable, open: () => object): void {
  try {
    if (!(as in target)) Object.assign(target, { [as]: open() });
  } catch (error) {
    if (isAttachFailureTold) return;
    isAttachFailureTold = true;
    const message = `\`${as}\` could not be put onto the request: ${String(error)}`;
    // The mounted object does not show its logger.
    logWarning(console, 'CONVERT_NOT_ATTACHED', message, 'error');
  }
}
