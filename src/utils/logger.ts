/** A logger for messages to the operator: `console`, pino, winston, or any object with the same methods. */
export interface Logger {
  error(message: string): void;
  warn(message: string): void;
  info?(message: string): void;
}

/** The logger that says nothing. */
export const silentLogger: Logger = { error() {}, warn() {} };

/**
 * More different codes than that are a sign of something that varies with requests: it must not fill memory or logs.
 */
const MAX_CODES = 1_000;

/** Runs `log` the first time that a code is seen, and never again for that code. */
export function oncePerCode(): (code: string, log: () => void) => void {
  const seen = new Set<string>();
  return (code, log) => {
    if (seen.has(code) || seen.size >= MAX_CODES) return;
    seen.add(code);
    log();
  };
}

/** `logger`, so that what it throws reaches nobody: words must not break a page. */
export function guardedLogger(logger: Logger): Logger {
  const guarded =
    (level: 'error' | 'warn' | 'info') =>
    (message: string): void => {
      try {
        logger[level]?.(message);
      } catch {
        // There is nobody left to tell.
      }
    };
  return { error: guarded('error'), warn: guarded('warn'), info: guarded('info') };
}
