/** A process with one outbox, which is handed events as a busy server hands them: some in each turn of the loop. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { createConvert } from 'convert-middleware';
import { answer } from '../support/children.js';
import { project } from '../support/project.js';

const [kind, track] = process.argv.slice(2);
const TURN = 20;

const folder = mkdtempSync(join(tmpdir(), 'convert-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
process.on('SIGTERM', () => process.exit());

const convert = createConvert({
  project,
  endpoints: { track },
  delivery: kind === 'spool' ? { spool: folder } : {},
});
// Not public: what is measured is what a commit does, without the decision before it.
const { outbox } = convert;

const event = Object.freeze({
  eventType: 'bucketing',
  data: Object.freeze({ experienceId: '101', variationId: '1010' }),
});
const segments = Object.freeze({
  country: 'US',
  browser: 'CH',
  devices: Object.freeze(['DESK']),
  source: 'direct',
  visitorType: 'new',
});

answer({
  /** Microseconds for each event. */
  async block({ count }) {
    const ids = Array.from({ length: count }, () => randomUUID());
    const turns = [];
    const before = outbox.ledger().delivered;
    const begun = process.cpuUsage();
    for (let first = 0; first < count; first += TURN) {
      const started = performance.now();
      for (let at = first; at < first + TURN; at += 1) {
        outbox.offer([{ visitorId: ids[at], segments, event }]).confirm();
      }
      turns.push((performance.now() - started) * (1000 / TURN));
      await turn();
    }
    const { delivered } = await convert.flush({ timeout: 30_000 });
    const { user, system } = process.cpuUsage(begun);
    turns.sort((one, other) => one - other);
    return {
      enqueue: turns[turns.length >> 1],
      cpu: (user + system) / count,
      delivered: delivered - before,
    };
  },
});
