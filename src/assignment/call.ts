/** One call of an endpoint, after it was checked. */
import type { Convert } from '../convert/types.js';
import type { Body } from './body.js';

export interface Call {
  readonly convert: Convert;
  readonly body: Body;
  /** What the path names behind the endpoint: the key of an experiment; '' if nothing. */
  readonly key: string;
}
