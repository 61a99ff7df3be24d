/** The public types of the assignment endpoint. */
import type { RouteHandler } from '../model/http.js';

/**
 * A limiter of the package `rate-limiter-flexible`, in memory, over Redis or another store; or any object like it:
 * `consume` resolves if the caller may go on. If not, it rejects with `{ msBeforeNext }`, the milliseconds to wait.
 */
export interface RateLimiter {
  consume(key: string): Promise<unknown>;
}

/** Options of `assignmentRoutes()`. */
export interface AssignmentOptions {
  /**
   * The tokens that callers put into their requests: one, or a list of up to 8, each of at least 16 characters. A list
   * gives each service a token of its own, or lets one be rotated.
   */
  tokens: string | readonly string[];
  /**
   * Limits the requests of each token; those beyond are answered with 429. The limiter gets a hash of the token as the
   * key. If it fails or does not answer within 50 ms, the request goes on, and an `error` event tells of it. Default:
   * no limit.
   */
  limits?: RateLimiter;
}

/** Counts of the answers of the endpoint. */
export interface AssignmentStats {
  /** The number of requests by the status of the answer. */
  readonly statuses: Readonly<Record<number, number>>;
}

/** The handler of the assignment endpoint, for `route` of an adapter. */
export interface AssignmentRoutes extends RouteHandler {
  stats(): AssignmentStats;
}
