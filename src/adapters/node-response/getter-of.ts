/** Returns the getter of a property, wherever on the chain of prototypes it is; undefined if it is plain data. */
export function getterOf(object: object | null, name: string): ((this: unknown) => unknown) | undefined {
  if (object === null) return undefined;
  const own = Object.getOwnPropertyDescriptor(object, name);
  return own
    ? (own as { get?: (this: unknown) => unknown }).get
    : getterOf(Object.getPrototypeOf(object) as object | null, name);
}
