/** A process with one outbox, and the events of an outage. Run with --expose-gc. */
import { randomUUID } from 'node:crypto';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { createConvert } from 'convert-middleware';
import { answer } from '../support/children.js';
import { EXPERIENCE_ID, project, variationId } from '../support/project.js';
import { KINDS } from './kinds.js';

/** Events between two turns of the event loop, where they come as fast as it allows. */
const TURN = 20;
const MAX_VOLATILE = 2_000;
/** Milliseconds between two of the others. */
const TICK = 50;
/** Milliseconds between two looks at the memory. */
const LOOK = 20;
/** Milliseconds for delivery, once the collector is back. */
const PATIENCE = 120_000;

const [id, collector, folder] = process.argv.slice(2);
const { delivery, stores } = KINDS.find((kind) => kind.id === id);
const convert = createConvert({
  project,
  endpoints: { track: `${collector}/${id}/` },
  delivery: await delivery(folder),
  // That the collector can't be reached is what this is about.
  logger: false,
});
await convert.ready();
// Not public, though it is there: an event is offered as a commit does it, without the decision before it.
const { outbox } = convert;

globalThis.gc();
const rssBefore = process.memoryUsage.rss();
let rssPeak = rssBefore;
const look = () => (rssPeak = Math.max(rssPeak, process.memoryUsage.rss()));
setInterval(look, LOOK).unref();

let offered = 0;
let bytes = 0;

/** About 400 bytes, which share nothing with those of others: no cache makes them smaller. */
function eventOf(serial) {
  return {
    visitorId: randomUUID(),
    segments: {
      country: 'US',
      browser: 'CH',
      devices: ['DESK', 'ALLPH'],
      source: 'campaign',
      campaign: `spring-sale-of-garden-furniture-${serial}`,
      visitorType: 'new',
      customSegments: Array.from({ length: 8 }, (_, index) => String(1_003_210_000 + serial + index)),
    },
    event: {
      eventType: 'bucketing',
      data: { experienceId: String(EXPERIENCE_ID), variationId: variationId(EXPERIENCE_ID, serial % 2) },
    },
  };
}

function offer(count) {
  for (let done = 0; done < count; done += 1) {
    outbox.offer([eventOf(offered)]).confirm();
    offered += 1;
  }
}

answer({
  /** Offers `events`: `perSecond`, or as fast as the loop allows. */
  async outage({ events, perSecond }) {
    const started = performance.now();
    while (offered < events) {
      if (perSecond === undefined) {
        offer(Math.min(TURN, events - offered));
        await turn();
        // No faster than what is stored elsewhere can be stored: that is not what this is about.
        while (stores && outbox.stats().volatile > MAX_VOLATILE) await turn();
      } else {
        const due = Math.floor(((performance.now() - started) / 1000) * perSecond);
        offer(Math.min(due, events) - offered);
        await sleep(TICK);
      }
      bytes = Math.max(bytes, outbox.stats().queueBytes);
    }
    const seconds = (performance.now() - started) / 1000;
    look();
    // What is still to be written is written, so that the heap is that of an outage that goes on.
    await sleep(1_000);
    globalThis.gc();
    return { offered, seconds, queueBytes: bytes, heapUsed: process.memoryUsage().heapUsed };
  },
  /** The collector is back. */
  async deliver() {
    const started = performance.now();
    // Cuts the backoff short, which may have a minute to go after an outage of ten.
    const ledger = await convert.flush({ timeout: PATIENCE });
    look();
    return { ledger, seconds: (performance.now() - started) / 1000, rssGrowth: rssPeak - rssBefore };
  },
  close: () => convert.close(),
});
