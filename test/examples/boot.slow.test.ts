/** Every example, started as its first line says, visited, and ended as an operator ends it. */
import { bootSuite } from './boot-suite.js';
import { FRAMEWORKS } from './shop.js';

bootSuite({
  frameworks: FRAMEWORKS,
  signals: ['SIGTERM', 'SIGINT'],
  ports: ['abc', '70000', '-1', '3000.5'],
});
