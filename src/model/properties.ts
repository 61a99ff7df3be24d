/** Properties of a visitor or of a location, as rules ask for them. */

/**
 * Properties that are computed when they are read. `get` returns undefined if the request does not tell the property.
 */
export interface Properties {
  get(name: string): unknown;
}
