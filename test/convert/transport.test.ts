/** The option `transport`: the request for the config and that for events leave the same way, through a proxy, too. */
import http from 'node:http';
import https from 'node:https';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createConvert, type ConvertOptions } from '../../src/index.js';
import { changedGlobalAgent } from '../../src/utils/node/global-agent.js';
import { type Collector, startCollector } from '../support/collector.js';
import { testProject } from '../support/project.js';

let collector: Collector;
beforeEach(async () => {
  collector = await startCollector({ body: JSON.stringify(testProject()) });
});
afterEach(() => collector.close());

/** Notes the requests that go over it, as an agent does that leads them to a proxy. */
class NotingAgent extends http.Agent {
  readonly methods: string[] = [];
  addRequest(request: http.ClientRequest, ...rest: unknown[]): void {
    this.methods.push(request.method);
    (http.Agent.prototype as unknown as { addRequest(...all: unknown[]): void }).addRequest.call(
      this,
      request,
      ...rest,
    );
  }
}

/** Fetches the config, and sends one event. */
async function useOnce(options: ConvertOptions): Promise<void> {
  const convert = createConvert({
    sdkKey: '1001/2002',
    endpoints: { config: `${collector.origin}/config/`, track: collector.origin },
    logger: false,
    ...options,
  });
  onTestFinished(() => convert.close({ timeout: 100 }).then(() => undefined));
  await convert.ready();
  (await convert.forVisitor('v1')).trackConversion('purchase');
  expect(await convert.flush()).toMatchObject({ delivered: 1 });
  expect(collector.requests.map(({ method }) => method)).toEqual(['GET', 'POST']);
}

function replaceGlobalAgent(agent: http.Agent): void {
  const before = http.globalAgent;
  http.globalAgent = agent;
  onTestFinished(() => void (http.globalAgent = before));
}

describe('E5: both requests go', () => {
  it('over an agent that is given, which stays open', async () => {
    const agent = new NotingAgent({ keepAlive: true });
    const destroy = vi.spyOn(agent, 'destroy');
    await useOnce({ transport: agent });
    expect(agent.methods).toEqual(['GET', 'POST']);
    expect(destroy).not.toHaveBeenCalled();
    agent.destroy();
  });

  it('over a global agent that the app has put in its place', async () => {
    const agent = new NotingAgent();
    replaceGlobalAgent(agent);
    await useOnce({});
    expect(agent.methods).toEqual(['GET', 'POST']);
  });

  it('with the `fetch` of the process, as it is then', async () => {
    const given = vi.spyOn(globalThis, 'fetch');
    onTestFinished(() => given.mockRestore());
    await useOnce({ transport: 'fetch' });
    expect(given.mock.calls.map(([, init]) => init?.method ?? 'GET')).toEqual(['GET', 'POST']);
  });

  it('with `fetch` over the global dispatcher of undici', async () => {
    const place = globalThis as Record<symbol, { dispatch(...given: unknown[]): boolean } | undefined>;
    const key = Symbol.for('undici.globalDispatcher.1');
    await fetch(collector.origin);
    const before = place[key]!;
    const seen: unknown[] = [];
    place[key] = {
      dispatch(...given) {
        seen.push((given[0] as { method: string }).method);
        return before.dispatch(...given);
      },
    };
    onTestFinished(() => void (place[key] = before));
    const warmUp = collector.requests.length;
    const convert = createConvert({
      sdkKey: '1001/2002',
      transport: 'fetch',
      endpoints: { config: `${collector.origin}/config/`, track: collector.origin },
      logger: false,
    });
    onTestFinished(() => convert.close({ timeout: 100 }).then(() => undefined));
    await convert.ready();
    (await convert.forVisitor('v1')).trackConversion('purchase');
    await convert.flush();
    expect(seen).toEqual(['GET', 'POST']);
    expect(collector.requests).toHaveLength(warmUp + 2);
  });
});

describe('E5: a global agent', () => {
  it('of Node itself is not used: connections are our own', () => {
    expect([changedGlobalAgent('http:'), changedGlobalAgent('https:')]).toEqual([undefined, undefined]);
    expect(https.globalAgent.options).toMatchObject({ keepAlive: true });
  });

  it.each<[string, () => http.Agent]>([
    [
      'with the proxies of the environment',
      () => new http.Agent({ proxyEnv: { HTTP_PROXY: 'http://x' } } as object),
    ],
    ['with options of the app', () => new http.Agent({ localAddress: '127.0.0.1' })],
    [
      'with a method of the app',
      () => Object.assign(new http.Agent(), { createConnection: () => undefined }),
    ],
    ['of another class', () => new NotingAgent()],
  ])('%s is used', (_, make) => {
    const agent = make();
    replaceGlobalAgent(agent);
    expect(changedGlobalAgent('http:')).toBe(agent);
    expect(changedGlobalAgent('https:')).toBeUndefined();
  });
});

it.each<[string, object, string]>([
  [
    'a typo',
    { transport: 'http' },
    "option `transport` must be 'node', 'fetch', or an agent of node:http (given 'http')",
  ],
  ['a dispatcher', { transport: { dispatch() {} } }, "'node', 'fetch', or an agent of node:http"],
  ['another place', { delivery: { transport: 'fetch' } }, 'unknown option `delivery.transport`'],
])('E5: refuses %s', (_, options, message) => {
  expect(() => createConvert({ project: testProject(), ...options })).toThrow(message);
});
