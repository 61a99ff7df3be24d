/** `convert-middleware/assignment`: backends in any language take decisions over HTTP, and count conversions. */
export { assignmentRoutes } from './assignment/assignment-routes.js';
export type {
  AssignmentOptions,
  AssignmentRoutes,
  AssignmentStats,
  RateLimiter,
} from './assignment/types.js';
export type * from './convert/public-types.js';
