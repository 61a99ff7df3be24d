/**
 * A process with one outbox, which gets its events as on a busy server: new visitors come, some in each turn of the
 * event loop, each meets one experience, and their exposures are committed. Through the public API, so that builds can
 * be compared: what a visitor costs without an outbox is in all variants.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { pageViews } from '../support/browsers.js';
import { fromBuild } from '../support/build.js';
import { answer } from '../support/children.js';
import { incoming, outgoing } from '../support/http.js';
import { EXPERIENCE, project } from '../support/project.js';
import { VARIANTS } from './variants.js';

/** Visitors between two turns of the event loop, as on a busy server. */
const TURN = 20;

const { createConvert } = await fromBuild('index');
const [id, track, folder] = process.argv.slice(2);
const { delivery } = VARIANTS.find((variant) => variant.id === id);
const convert = createConvert({
  project,
  endpoints: { track },
  logger: false,
  delivery: await delivery(folder),
});
await convert.ready();

let served = 0;

function serve() {
  const { path, headers } = pageViews[(served += 1) % pageViews.length];
  const response = outgoing();
  convert.open(incoming(path, headers), response).runExperience(EXPERIENCE);
  response.finish();
}

const share = (sorted, part) => sorted[Math.floor((sorted.length - 1) * part)];

answer({
  /** Microseconds per visitor: of the event loop, and of CPU time until all of the block is delivered. */
  async block({ count }) {
    const times = new Float64Array(count / TURN);
    const { delivered } = convert.stats().delivery;
    const before = process.cpuUsage();
    for (let nth = 0; nth < times.length; nth += 1) {
      const started = performance.now();
      for (let done = 0; done < TURN; done += 1) serve();
      // The commit is in this turn, too.
      await turn();
      times[nth] = ((performance.now() - started) * 1000) / TURN;
    }
    const ledger = await convert.flush({ timeout: 30_000 });
    const { user, system } = process.cpuUsage(before);
    if (ledger.delivered - delivered !== count) throw new Error('not all events were delivered');
    times.sort();
    return { median: share(times, 0.5), slow: share(times, 0.95), cpu: (user + system) / count };
  },
});
