/** A logger for messages to the operator, and what makes sure that messages do no harm. */
import { cleanText } from './clean-text.js';
import { isThenable } from './objects.js';

/**
 * `console`, pino, winston, or any object with the same methods. A line of `error` or `warn` ends with a code and the
 * address of the page on it.
 */
export interface Logger {
  error(message: string): void;
  warn(message: string): void;
  info?(message: string): void;
}

/** A logger that drops all messages. */
export const silentLogger: Logger = { error() {}, warn() {} };

/**
 * The most codes that are logged. If there are more, the codes vary with the requests, and would fill memory and logs.
 */
const MAX_CODES = 1_000;

/** Returns a function that runs `log` if its code is new, and never again for that code. */
export function oncePerCode(): (code: string, log: () => void) => void {
  const seen = new Set<string>();
  return (code, log) => {
    if (seen.has(code) || seen.size >= MAX_CODES) return;
    seen.add(code);
    log();
  };
}

/**
 * Wraps a logger so that its exceptions, and the rejections of an async one, are ignored: a log message must not break
 * a page. Each message is cleaned, so that no text of others forges a line.
 */
export function safeLogger(logger: Logger): Logger {
  if (logger === silentLogger) return logger;
  const guarded =
    (level: 'error' | 'warn' | 'info') =>
    (message: string): void => {
      try {
        const result: unknown = logger[level]?.(cleanText(message));
        if (isThenable(result)) result.then(undefined, () => undefined);
      } catch {
        // The logger itself failed, so the failure can't be logged.
      }
    };
  return { error: guarded('error'), warn: guarded('warn'), info: guarded('info') };
}
