/** A typed emitter whose listeners can break nothing. */

type Listeners<Events> = { [Name in keyof Events]?: Set<(event: Events[Name]) => void> };

export interface EventBus<Events> {
  /** The returned function takes the listener back. */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void;
  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void;
  /** False where an event of that name would reach nobody. */
  hasListener(name: keyof Events): boolean;
}

/** What a listener throws goes to `onError`. */
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
          listener(event);
        } catch (error) {
          onError(error, name);
        }
      }
    },
  };
}
