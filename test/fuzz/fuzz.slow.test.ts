/** A thousand hostile requests to each framework over real sockets; `npm run fuzz` sends as many as you like. */
import { describe } from 'vitest';
import { hostileRequests } from './hostile.js';

describe('hostile requests', () => hostileRequests(1_000));
