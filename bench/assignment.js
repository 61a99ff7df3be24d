/**
 * What an assignment over HTTP costs: CPU time of the server over that of a route that parses a body and answers the
 * same JSON, beside a floor that no implementation gets below, and the time until the answer.
 */
import { measureLanes } from './support/lanes.js';

export const name = 'assignment';
export const description = 'what an assignment over HTTP costs over a bare route, beside a hand-made floor';

export const run = ({ quick } = {}) =>
  measureLanes({
    folder: new URL('./assignment/', import.meta.url),
    secret: 'exp_0123456789abcdef',
    ours: 'assignmentRoutes',
    others: [
      { title: 'floor that asks rules', kind: 'ruled' },
      { title: 'route() alone', kind: 'mounted' },
    ],
    requests: 'assignments',
    note:
      'The bare route parses the body, and answers the same JSON. The floor, too, and beside\nthat by hand: one token ' +
      'compared, one hash, the variations so far in a Map, one event for a new visitor. The floor\nthat asks rules reads ' +
      'the URL, its query and the user agent (isbot, ua-parser-js), too, and asks one location\nand one audience, as ours ' +
      'does; it parses each user agent once. Each visitor comes a few times.',
    quick,
  });
