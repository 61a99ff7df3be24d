/** A Convert over fake requests: it logs into a list, and sends to a collector. */
import { afterEach, beforeEach } from 'vitest';
import { type Convert, createConvert } from '../../src/convert/convert.js';
import type { ConvertOptions } from '../../src/options/types.js';
import { type Collector, startCollector } from '../support/collector.js';
import { testProject } from '../support/project.js';
import '../support/loaded.js';

export let collector: Collector;
export let logged: string[];
const open: Convert[] = [];

/** Each test of the file gets a collector and a list of its own. Call it at the top of a test file. */
export function collectorPerTest(): void {
  beforeEach(async () => {
    collector = await startCollector();
    logged = [];
  });
  afterEach(async () => {
    for (const convert of open.splice(0)) await convert.close({ timeout: 100 });
    await collector.close();
    // A file that does not call this function fails at once, and does not wait for the collector of another file.
    collector = undefined as never;
  });
}

export function create(options: ConvertOptions = {}): Convert {
  // Of this test: a store that never answers is told of seconds later.
  const own = logged;
  const log = (message: string): void => void own.push(message);
  const convert = createConvert({
    ...(options.sdkKey === undefined && { project: testProject() }),
    endpoints: { track: collector.origin, ...options.endpoints },
    delivery: { linger: 5 },
    logger: { error: log, warn: log, info: log },
    ...options,
    ...(options.endpoints && { endpoints: { track: collector.origin, ...options.endpoints } }),
  });
  open.push(convert);
  return convert;
}
