import { expect, it, onTestFinished, vi } from 'vitest';
import { fetchTransport } from '../../../src/delivery/transports/fetch.js';
import { createConvert } from '../../../src/index.js';
import { startCollector } from '../../support/collector.js';
import { testProject } from '../../support/project.js';
import { BODY, transportConformance } from './transport.conformance.js';

transportConformance('fetchTransport', fetchTransport, { early: 'UND_ERR_SOCKET' });

it('takes a redirect that the platform hides for one', async () => {
  const hidden = { type: 'opaqueredirect', status: 0, headers: new Headers(), body: null } as Response;
  const transport = fetchTransport({ fetch: async () => hidden });
  expect(await transport.post('https://collector.test/', BODY, true)).toMatchObject({
    status: 302,
    retryAfter: undefined,
  });
});

it('is what a Convert delivers with where the option says so', async () => {
  const collector = await startCollector();
  onTestFinished(() => collector.close());
  const fetched = vi.spyOn(globalThis, 'fetch');
  onTestFinished(() => fetched.mockRestore());
  const convert = createConvert({
    project: testProject(),
    endpoints: { track: collector.origin },
    transport: 'fetch',
    logger: false,
  });
  (await convert.forVisitor('v1')).trackConversion('purchase');
  expect(await convert.close()).toMatchObject({ delivered: 1 });
  expect(fetched).toHaveBeenCalledOnce();
  expect(collector.conversions()).toHaveLength(1);
});
