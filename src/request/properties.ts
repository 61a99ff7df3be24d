/** Properties that are derived from a request when they are asked for, with those that the app adds over them. */
import { callbackThrew, checkedObject, type OnError } from './callback.js';
import { defaultsOf, type DefaultSource } from './defaults.js';
import type { SharedFacts } from './shared-facts.js';

/** Properties that are derived when they are asked for. `undefined` means that the request does not tell. */
export interface Properties {
  get(name: string): unknown;
}

/** How each property follows from a request. */
export type PropertyTable<Shape> = {
  readonly [Name in keyof Shape]-?: (facts: SharedFacts) => Shape[Name];
};

/** All that is known of one kind of properties before a request comes. */
export interface PropertyKind {
  /** Names the option in messages. */
  readonly option: string;
  readonly table: ReadonlyMap<string, (facts: SharedFacts) => unknown>;
  /** The app's function. */
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
  return { option, table: new Map(Object.entries(table)), names: Object.keys(table), extend, onError };
}

const NONE: ReadonlyMap<string, unknown> = new Map();

export class LazyProperties implements Properties, DefaultSource {
  #defaults: Map<string, unknown> | undefined;
  #given: ReadonlyMap<string, unknown> | undefined;
  #object: Readonly<Record<string, unknown>> | undefined;

  constructor(
    private readonly kind: PropertyKind,
    private readonly facts: SharedFacts,
  ) {}

  get names(): readonly string[] {
    return this.kind.names;
  }

  has(name: string): boolean {
    return this.kind.table.has(name);
  }

  get(name: string): unknown {
    const given = this.#ask();
    return given.has(name) ? given.get(name) : this.default(name);
  }

  /** What the request says, whatever the app makes of it. */
  default(name: string): unknown {
    const derive = this.kind.table.get(name);
    if (derive === undefined) return undefined;
    const defaults = (this.#defaults ??= new Map<string, unknown>());
    if (defaults.has(name)) return defaults.get(name);
    const value = derive(this.facts);
    defaults.set(name, value);
    return value;
  }

  /** All of them, frozen; those that the request does not tell are left out. */
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

  /** What the app's function gives: asked once, at the first property that is read. */
  #ask(): ReadonlyMap<string, unknown> {
    if (this.#given !== undefined) return this.#given;
    // Set before the call: a function that reads the properties it makes sees the defaults, and does not recurse.
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
      // Copied here, where a getter of the app that throws is caught as well.
      return answer === undefined ? NONE : new Map(Object.entries(answer));
    } catch (error) {
      onError(callbackThrew(option, error));
      return NONE;
    }
  }
}
