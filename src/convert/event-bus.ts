/** A typed event bus: a failure of one listener reaches neither the other listeners nor the caller. */
import { isThenable } from '../utils/objects.js';

type Listeners<Events> = { [Name in keyof Events]?: Set<(event: Events[Name]) => void> };

export interface EventBus<Events> {
  /** Adds a listener. The returned function removes it. */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void;
  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void;
  /** False if an event of that name would reach no listener. */
  hasListener(name: keyof Events): boolean;
}

/** Makes an event bus. An exception of a listener goes to `onError`, and so does the rejection of an async one. */
export function createEventBus<Events>(
  onError: (error: unknown, name: keyof Events) => void,
): EventBus<Events> {
  const listeners: Listeners<Events> = {};
  return {
    on(name, listener) {
      const set = (listeners[name] ??= new Set());
      set.add(listener);
      return () => set.delete(listener);
    },
    hasListener: (name) => (listeners[name]?.size ?? 0) > 0,
    emit(name, event) {
      const set = listeners[name];
      if (set === undefined) return;
      for (const listener of set) {
        try {
          const result: unknown = listener(event);
          // No code awaits the promise, and an unhandled rejection would end the process.
          if (isThenable(result)) result.then(undefined, (error: unknown) => onError(error, name));
        } catch (error) {
          onError(error, name);
        }
      }
    },
  };
}
