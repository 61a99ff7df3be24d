/** Lets methods work without their object, as in `const { runExperience } = req.convert`. */

type Method = (...given: never[]) => unknown;

/**
 * Binds the methods of a class, and of the classes that it extends, whenever one is read: for objects that are made in
 * great numbers. An object takes no memory for it, and a call no time that can be measured, since V8 makes no bound
 * function if the method is called at once.
 */
export function bindWhenRead({ prototype }: { readonly prototype: object }): void {
  for (const [owner, name, method] of methodsOf(prototype)) {
    Object.defineProperty(owner, name, {
      configurable: true,
      enumerable: false,
      get(this: unknown) {
        // Spies of an app's tests (vi.spyOn) call the getter by itself: they get the method as it is.
        return isInstance(this, owner) ? method.bind(this as never) : method;
      },
      // A method can be replaced on one object, as tests of an app do.
      set(this: object, value: unknown) {
        Object.defineProperty(this, name, { configurable: true, enumerable: true, writable: true, value });
      },
    });
  }
}

/** Binds the methods of one object, and makes them its own: for objects of which a process has few. */
export function bindMethods(object: object): void {
  for (const [, name, method] of methodsOf(Object.getPrototypeOf(object) as object)) {
    if (Object.hasOwn(object, name)) continue;
    const value = method.bind(object as never);
    Object.defineProperty(object, name, { configurable: true, enumerable: false, writable: true, value });
  }
}

/** The methods of a prototype and of those behind it, each with the prototype that has it; the nearest come first. */
function methodsOf(prototype: object): [object, string, Method][] {
  const found: [object, string, Method][] = [];
  for (let owner = prototype; owner !== Object.prototype; owner = Object.getPrototypeOf(owner) as object) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(owner))) {
      if (name !== 'constructor' && typeof value === 'function') found.push([owner, name, value as Method]);
    }
  }
  return found;
}

/** As `instanceof`, for a prototype instead of a class. */
const isInstance = (value: unknown, prototype: object): boolean =>
  Object.prototype.isPrototypeOf.call(prototype, value as object);
