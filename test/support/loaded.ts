/**
 * Loads what the first Convert of a process loads: a config object is in force as soon as a Convert is made then, and a
 * test need not wait for it. What happens before is tested by `test/convert/on-demand.test.ts`.
 */
import { createConvert } from '../../src/convert/convert.js';

const convert = createConvert({ project: { account_id: '1', project: { id: '2' } } });
await convert.ready();
await convert.close();
