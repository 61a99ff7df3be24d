/** The examples of one framework, started as their first lines say, visited, and ended as an operator ends them. */
import { bootSuite } from './boot-suite.js';

bootSuite({ frameworks: ['express'], signals: ['SIGTERM'], ports: ['70000'] });
