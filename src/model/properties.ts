/** Properties of a visitor or of a location, as rules ask for them. */

/** Properties that are derived when they are asked for. `undefined` means that the request does not tell. */
export interface Properties {
  get(name: string): unknown;
}
