/**
 * Reports what happens in a Convert: with log lines for the operator, and with events for listeners and for monitoring
 * tools.
 */
import type { Runtime } from '../context/runtime.js';
import type { ConvertEvents } from '../context/types.js';
import { asConvertError, type ConvertError } from '../utils/errors.js';
import { type Logger, oncePerCode } from '../utils/logger.js';
import { nextTurn } from '../utils/node/timers.js';
import { logError, warnOnceOn } from '../utils/operator-log.js';
import { createEventBus, type EventBus } from './event-bus.js';
import type { EventChannels } from './platform.js';

export interface Reporter {
  readonly on: EventBus<ConvertEvents>['on'];
  readonly hasListener: Runtime['hasListener'];
  readonly emit: Runtime['emit'];
  /**
   * Runs `work`. The events that it causes are emitted in the next turn: while a Convert is made, the app has had no
   * chance to add a listener.
   */
  readonly emitLater: (work: () => void) => void;
  readonly report: Runtime['report'];
  /**
   * Reports the begin of an outage: emits an `error` event and logs the error, at each call. Callers call once per
   * outage.
   */
  readonly reportOutage: (error: ConvertError) => void;
  /** Logs the end of an outage. */
  readonly reportRecovery: (what: string) => void;
  readonly warnOnce: Runtime['warnOnce'];
}

export function createReporter(logger: Logger, channels: EventChannels): Reporter {
  // Warnings are counted apart, so that many errors do not silence them, and many warnings no error.
  const once = oncePerCode();
  const bus = createEventBus<ConvertEvents>((error, name) => {
    const problem = asConvertError(error, 'CONVERT_CALLBACK', `a listener for '${name}' threw`);
    // The exception of a listener causes no `error` event: the listener for that event may be the one that throws.
    once(problem.kind, () => logError(logger, problem));
  });

  let isLater = false;

  function emit<Name extends keyof ConvertEvents>(name: Name, event: ConvertEvents[Name]): void {
    if (isLater) return void nextTurn(() => emit(name, event));
    bus.emit(name, event);
    channels.publish(name, event);
  }

  return {
    on: (name, listener) => bus.on(name, listener),
    hasListener: (name) => bus.hasListener(name) || channels.hasSubscriber(name),
    emit,
    emitLater(work) {
      isLater = true;
      try {
        work();
      } finally {
        isLater = false;
      }
    },
    report(error) {
      once(error.kind, () => logError(logger, error));
      emit('error', error);
    },
    reportOutage(error) {
      logError(logger, error);
      emit('error', error);
    },
    reportRecovery: (what) => logger.info?.(`convert: ${what}`),
    warnOnce: warnOnceOn(logger),
  };
}
