/** Warnings about how a Convert is mounted. Each comes once for an instance, or once in a process if there is none. */
import { isConvert } from '../../convert/convert.js';
import type { Convert } from '../../convert/types.js';
import { ConvertError } from '../../utils/errors.js';
import { oncePerCode } from '../../utils/logger.js';
import { logWarning, type WarnOnce, warnOnceOn } from '../../utils/operator-log.js';
import type { WarningCode } from '../../utils/warning-codes.js';

const warners = new WeakMap<Convert, WarnOnce>();

/** Logs a warning, once per instance. */
export function warnOnce(convert: Convert, code: WarningCode, message: string): void {
  const warn = warners.get(convert) ?? warnOnceOn(convert.logger);
  warners.set(convert, warn);
  warn(code, message);
}

/** @throws ConvertError `CONVERT_BAD_OPTION` if what is mounted already is no Convert */
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
    'request.convert was read in a hook that runs before the one of the plugin; what is decided there knows nothing' +
      ' of the response or of a remote store, so a new visitor has another id there than in the handler; register' +
      ' the plugin before that hook, or read it later',
  );
}

const oncePerProcess = oncePerCode();

/** Logs to the console, once in a process, what belongs to no instance whose logger is known. */
export function warnOnConsole(code: WarningCode, message: string, level: 'error' | 'warn'): void {
  oncePerProcess(code + message, () => logWarning(console, code, message, level));
}

/** Tells that the app has `app.use(convertMiddleware)` instead of `app.use(convertMiddleware())`. */
export function tellUncalled(): void {
  const message =
    'convertMiddleware was mounted without calling it, so nothing is decided; ' +
    'write app.use(convertMiddleware()) with the parentheses';
  warnOnConsole('CONVERT_NOT_CALLED', message, 'error');
}
