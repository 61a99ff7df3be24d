/**
 * The `defaults` that an app's property functions get: looks like an object of own enumerable accessors, each of which
 * computes its property when it is read. A Proxy, because defining so many accessors per request costs 5 us, and
 * most functions read a few of them or none.
 */
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
  /** What the app has set itself. */
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

  /** Consoles look behind a Proxy, and call this on the Proxy itself. */
  [Symbol.for('nodejs.util.inspect.custom')](): object {
    return { ...this };
  }
}

/** Made once for each of our names: spreading asks for the descriptor of every property. */
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
  // Also over a name of ours: apps write `defaults.plan = 'pro'; return defaults` too.
  set: (target, name, value) => target.write(name, value),
  // As a value that is returned: `undefined` takes a default away.
  deleteProperty: (target, name) => target.write(name, undefined),
  defineProperty: () => false,
  getPrototypeOf: () => Object.prototype,
};
