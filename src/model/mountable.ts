/** What the adapters mount besides a Convert. */
import type { Logger } from '../utils/logger.js';
import type { IncomingRequest, OutgoingResponse } from './http.js';

/** Has an object for each request, which an adapter puts at the property `as` of the framework's request. */
export interface Mountable<Context extends object = object> {
  /** The name of the property: `ours` for `req.ours`. */
  readonly as: string;
  /** Takes what there is to tell of the object and its requests. Default: the console. */
  readonly logger?: Logger;
  /** Makes the object. Never throws, and asks nothing of the request before the object is used. */
  open(request: IncomingRequest, response: OutgoingResponse): Context;
}
