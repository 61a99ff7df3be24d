/** Properties of a request that rules match: each is derived when it is first read, and the app may change them. */
import type { Properties } from '../model/properties.js';
import { callbackThrew, checkedObject, type OnError } from '../utils/app-callback.js';
import { defaultsOf, type DefaultSource } from './property-defaults.js';
import type { RequestFactsCache } from './request-facts.js';

/** A function for each property that derives it from the facts of a request. */
export type PropertyTable<Shape> = {
  readonly [Name in keyof Shape]-?: (facts: RequestFactsCache) => Shape[Name];
};

type Derive = (facts: RequestFactsCache) => unknown;

/** One kind of properties, location or visitor. The kind is the same for all requests. */
export interface PropertyKind {
  /** The name of the option, for messages. */
  readonly option: string;
  readonly table: ReadonlyMap<string, Derive>;
  /** The function of the app that adds or replaces properties. */
  readonly extend: ((request: unknown, defaults: object) => unknown) | undefined;
  readonly names: readonly string[];
  readonly onError: OnError;
}

export function propertyKind(
  option: string,
  table: PropertyTable<object>,
  extend: PropertyKind['extend'],
  onError: OnError,
): PropertyKind {
  const entries = Object.entries(table as Record<string, Derive>);
  return { option, table: new Map(entries), names: Object.keys(table), extend, onError };
}

const NONE: ReadonlyMap<string, unknown> = new Map();

export class LazyProperties implements Properties, DefaultSource {
  /** The values of the properties that were read already. Few are, so most requests derive few. */
  #derived: Map<string, unknown> | undefined;
  #given: ReadonlyMap<string, unknown> | undefined;
  #object: Readonly<Record<string, unknown>> | undefined;

  constructor(
    private readonly kind: PropertyKind,
    private readonly facts: RequestFactsCache,
  ) {}

  get names(): readonly string[] {
    return this.kind.names;
  }

  has(name: string): boolean {
    return this.kind.table.has(name);
  }

  get(name: string): unknown {
    if (this.kind.extend === undefined) return this.default(name);
    const given = this.#ask();
    return given.has(name) ? given.get(name) : this.default(name);
  }

  /** The value that the request itself gives, before the function of the app changes it. */
  default(name: string): unknown {
    const derived = (this.#derived ??= new Map());
    if (derived.has(name)) return derived.get(name);
    const value = this.kind.table.get(name)?.(this.facts);
    derived.set(name, value);
    return value;
  }

  /** Returns all properties as a frozen object. Properties that the request does not tell are left out. */
  object(): Readonly<Record<string, unknown>> {
    const given = this.#ask();
    if (this.#object !== undefined) return this.#object;
    const all: Record<string, unknown> = {};
    for (const name of this.names) {
      const value = given.has(name) ? given.get(name) : this.default(name);
      if (value !== undefined) all[name] = value;
    }
    for (const [name, value] of given) {
      if (value !== undefined && name !== '__proto__') all[name] = value;
    }
    return (this.#object = Object.freeze(all));
  }

  /**
   * Returns the properties that the app's function adds or replaces. The function is called once, at the first property
   * that is read.
   */
  #ask(): ReadonlyMap<string, unknown> {
    if (this.#given !== undefined) return this.#given;
    // `#given` is set before the app's function is called. If the function reads the properties, it sees the defaults
    // and is not called again.
    this.#given = NONE;
    if (this.kind.extend !== undefined) {
      this.#given = this.#extend(this.kind.extend);
      this.#object = undefined;
    }
    return this.#given;
  }

  #extend(extend: (request: unknown, defaults: object) => unknown): ReadonlyMap<string, unknown> {
    const { option, onError } = this.kind;
    try {
      const answer = checkedObject(option, extend(this.facts.request.raw, defaultsOf(this)), onError);
      // The app's answer is copied inside the `try`, since a getter of the app may throw too.
      return answer === undefined ? NONE : new Map(Object.entries(answer));
    } catch (error) {
      onError(callbackThrew(option, error));
      return NONE;
    }
  }
}
