/**
 * What the operator reads in the log. A line begins with its message, and ends with its code and the address of the
 * page that says how to mend the matter.
 */
import type { ConvertError } from './errors.js';
import { helpOn } from './help.js';
import { type Logger, oncePerCode } from './logger.js';
import { type WarningCode, WARNINGS } from './warning-codes.js';

/** Returns the line of an error. */
export const errorLine = ({ message, code, help }: ConvertError): string => `${message} [${code}] ${help}`;

/** Returns the line of a warning. */
export const warningLine = (code: WarningCode, message: string): string =>
  `convert: ${message} [${code}] ${helpOn(code, WARNINGS[code])}`;

export function logError(logger: Pick<Logger, 'error'>, error: ConvertError): void {
  // eslint-disable-next-line no-restricted-syntax -- this is the place that the rule names
  logger.error(errorLine(error));
}

/** @param level `error` if something is lost, or nothing works, until the operator acts. Default `warn` */
export function logWarning(
  logger: Pick<Logger, 'error' | 'warn'>,
  code: WarningCode,
  message: string,
  level: 'error' | 'warn' = 'warn',
): void {
  logger[level](warningLine(code, message));
}

/**
 * Logs a warning, only the first time for a code and a detail. The detail tells apart what one code warns of. It holds
 * nothing of a request, since the number of warnings is bounded.
 */
export type WarnOnce = (code: WarningCode, message: string, detail?: string) => void;

export function warnOnceOn(logger: Logger): WarnOnce {
  const once = oncePerCode();
  return (code, message, detail = '') => once(code + detail, () => logWarning(logger, code, message));
}
