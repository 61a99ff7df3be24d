/** Which share of two hundred thousand visitors gets which variation. */
import { describe } from 'vitest';
import { trafficSuite } from './traffic.js';

describe('the traffic', () => trafficSuite(100_000));
