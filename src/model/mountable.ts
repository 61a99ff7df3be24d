/** What the adapters mount besides a Convert. */
import type { IncomingRequest, OutgoingResponse } from './http.js';

/** Has an object for each request, which an adapter puts at the property `as` of the framework's request. */
export interface Mountable<Context extends object = object> {
  /** The name of the property: `ours` for `req.ours`. */
  readonly as: string;
  /** Makes the object. Never throws, and asks nothing of the request before the object is used. */
  open(request: IncomingRequest, response: OutgoingResponse): Context;
}
