/**
 * The object `defaults` that an app's property functions get, with a getter for each property of the request.
 *
 * It is a Proxy, because defining so many getters per request takes long, and most functions read a few of them or
 * none.
 */

/** The source of the properties of `defaults`. */
export interface DefaultSource {
  readonly names: readonly string[];
  has(name: string): boolean;
  default(name: string): unknown;
}

export function defaultsOf(source: DefaultSource): object {
  return new Proxy(new Target(source), HANDLER);
}

type Key = string | symbol;

class Target {
  /** The values that the app has set on the object. */
  own: Map<Key, unknown> | undefined;
  constructor(readonly source: DefaultSource) {}

  has(name: Key): boolean {
    return this.source.has(name as string) || this.own?.has(name) === true;
  }

  read(name: Key): unknown {
    if (this.own?.has(name)) return this.own.get(name);
    return this.source.has(name as string)
      ? this.source.default(name as string)
      : Reflect.get(Object.prototype, name);
  }

  write(name: Key, value: unknown): true {
    (this.own ??= new Map<Key, unknown>()).set(name, value);
    return true;
  }

  /** `console.log` finds this method on the target of a Proxy and calls it on the Proxy. */
  [Symbol.for('nodejs.util.inspect.custom')](): object {
    return { ...this };
  }
}

/**
 * Descriptors by property name, made once per process: spreading `defaults` asks for the descriptor of each property.
 */
const accessors = new Map<Key, PropertyDescriptor>();

function accessorOf(name: Key): PropertyDescriptor {
  let accessor = accessors.get(name);
  if (accessor === undefined) {
    accessor = {
      get(this: Record<Key, unknown>) {
        return this[name];
      },
      set(this: Record<Key, unknown>, value: unknown) {
        this[name] = value;
      },
      enumerable: true,
      configurable: true,
    };
    accessors.set(name, accessor);
  }
  return accessor;
}

function descriptorOf(target: Target, name: Key): PropertyDescriptor | undefined {
  if (target.own?.has(name)) {
    return { value: target.own.get(name), enumerable: true, configurable: true, writable: true };
  }
  return target.source.has(name as string) ? accessorOf(name) : undefined;
}

const HANDLER: ProxyHandler<Target> = {
  get: (target, name) => target.read(name),
  has: (target, name) => target.has(name) || name in Object.prototype,
  ownKeys: ({ source, own }) => (own ? [...new Set([...source.names, ...own.keys()])] : [...source.names]),
  getOwnPropertyDescriptor: descriptorOf,
  // The app may set properties, also those of the request: `defaults.plan = 'pro'; return defaults`.
  set: (target, name, value) => target.write(name, value),
  // A property that the app deletes gets the value `undefined`. It removes the default, just as if the app's function
  // had returned `undefined`.
  deleteProperty: (target, name) => target.write(name, undefined),
  defineProperty: () => false,
  getPrototypeOf: () => Object.prototype,
};
