/** The examples of the other frameworks, started as their first lines say, visited, and ended as operators end them. */
import { clusterSuite } from './cluster-suite.js';
import { bootSuite } from './boot-suite.js';
import { guideAppsSuite } from './guide-apps-suite.js';

bootSuite({ frameworks: ['koa', 'fastify'], signals: ['SIGTERM', 'SIGINT'], ports: ['abc', '-1', '3000.5'] });

clusterSuite();

guideAppsSuite();
