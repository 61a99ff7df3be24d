/** Runs the suites of the adapters over `convert-middleware/fetch` in this process, and prints the results as JSON. */
import { setTimeout as sleep } from 'node:timers/promises';
import { assignmentCookieConformance } from '../../adapters/assignment-cookie.js';
import { adapterConformance } from '../../adapters/conformance.js';
import { previewConformance } from '../../adapters/preview.js';
import { sessionConformance } from '../../adapters/session.js';
import { shareConformance } from '../../adapters/share.js';
import { CASES } from '../../support/vitest.js';
import { adapterHere } from './hosts.js';

/** Milliseconds after which a case has failed. */
const LIMIT = 60_000;

const adapter = adapterHere();
adapterConformance(adapter, { http2: false });
assignmentCookieConformance(adapter);
previewConformance(adapter);
sessionConformance(adapter);
shareConformance(adapter, { http2: false });

/** What failed: a case, and why. */
const faults: string[] = [];
for (const { title, run } of CASES) {
  try {
    await Promise.race([run(), overdue()]);
  } catch (error) {
    faults.push(`${title}\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
}
// Nothing else is waited for: a server or a connection may still be open.
const results = JSON.stringify({ count: CASES.length, faults });
process.stdout.write(`results ${results}\n`, () => process.exit());

async function overdue(): Promise<never> {
  await sleep(LIMIT, undefined, { ref: false });
  throw new Error(`it is not over after ${LIMIT} ms`);
}
