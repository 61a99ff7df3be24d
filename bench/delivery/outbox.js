/** A process with one outbox, which is handed events as a busy server hands them: some in each turn of the loop. */
import { randomUUID } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { createConvert } from 'convert-middleware';
import { answer } from '../support/children.js';
import { project } from '../support/project.js';
import { VARIANTS } from './variants.js';

/** Events between two turns of the event loop, as on a busy server. */
const TURN = 20;

const [id, track, folder] = process.argv.slice(2);
const { delivery } = VARIANTS.find((variant) => variant.id === id);
const convert = createConvert({ project, endpoints: { track }, delivery: await delivery(folder) });
await convert.ready();
// Not public, though it is there: what is measured is what a commit does, without the decision before it.
const { outbox } = convert;

/** As the middleware has them: frozen, one for all visitors of a variation, or of a kind. */
const exposures = project.experiences[0].variations.map((variation) =>
  Object.freeze({
    eventType: 'bucketing',
    data: Object.freeze({ experienceId: project.experiences[0].id, variationId: variation.id }),
  }),
);
const segments = ['chrome', 'firefox', 'safari'].map((browser) =>
  Object.freeze({ country: 'US', browser, devices: Object.freeze(['DESK']), visitorType: 'new' }),
);

const eventOf = (serial) => ({
  visitorId: randomUUID(),
  segments: segments[serial % segments.length],
  event: exposures[serial % exposures.length],
});

const share = (sorted, part) => sorted[Math.floor((sorted.length - 1) * part)];

answer({
  /** Microseconds: of the calls of one event, and of CPU time per event until all of the block is delivered. */
  async block({ count }) {
    const events = Array.from({ length: count }, (_, serial) => [eventOf(serial)]);
    const times = new Float64Array(count);
    const before = process.cpuUsage();
    for (let done = 0; done < count; done += 1) {
      const started = performance.now();
      const offer = outbox.offer(events[done]);
      offer.confirm();
      times[done] = (performance.now() - started) * 1000;
      if (offer.refused.size > 0) throw new Error('an event was refused: there is nothing to measure');
      if (done % TURN === TURN - 1) await turn();
    }
    const { pending, spooled, dropped, rejected } = await outbox.flush(30_000);
    const { user, system } = process.cpuUsage(before);
    if (pending + spooled + dropped + rejected > 0) throw new Error('not all events were delivered');
    times.sort();
    return { median: share(times, 0.5), slow: share(times, 0.95), cpu: (user + system) / count };
  },
  /** What it takes to look at the clock twice, which is in all of these. */
  clock() {
    const times = new Float64Array(10_000);
    for (let done = 0; done < times.length; done += 1) {
      const started = performance.now();
      times[done] = (performance.now() - started) * 1000;
    }
    return share(times.sort(), 0.5);
  },
});
