/** One call of an endpoint, after it was checked. */
import type { RouteConvert } from '../convert/types.js';
import type { Body } from './body.js';

export interface Call {
  readonly convert: RouteConvert;
  /** The request of the framework. */
  readonly raw: unknown;
  readonly body: Body;
  /** The key of an experiment, which the path names behind the endpoint; '' if it names none. */
  readonly key: string;
}
