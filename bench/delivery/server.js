/**
 * A process that is measured: one variant, as an app of a framework. Its work on a block is done before another has its
 * turn.
 */
import { answer } from '../support/children.js';
import { VARIANTS } from './variants.js';

const [framework, id, track, folder] = process.argv.slice(2);
const { start } = await import(`../http/${framework}.js`);
const { app, delivery } = VARIANTS.find((variant) => variant.id === id);

let settle;
let begun;

answer({
  /** Starts the app and tells its port. */
  async start() {
    const started = await start(app, { track, options: { delivery: await delivery?.(folder) } });
    settle = started.settle;
    // The load keeps its connections while other variants have their turn.
    started.server.keepAliveTimeout = 0;
    return started.server.address().port;
  },
  async settle() {
    await settle();
  },
  begin() {
    begun = process.cpuUsage();
  },
  /** Microseconds of CPU time since `begin`, with what was left to do after the last response. */
  async end() {
    await settle();
    const { user, system } = process.cpuUsage(begun);
    return user + system;
  },
});
