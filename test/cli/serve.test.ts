/** The command `serve`, in this process: the endpoint with its health. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { resolve } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { endServer, serve, startServer, tokensIn } from '../../src/cli/serve.js';
import type { ConvertOptions } from '../../src/options/types.js';
import { startCollector } from '../support/collector.js';

const options: ConvertOptions = {
  project: resolve(import.meta.dirname, '../../examples/project.json'),
  delivery: false,
  logger: false,
};
const at = { host: '127.0.0.1', port: 0, tokens: ['exp_0123456789abcdef'] };

it('serves assignments, and its health', async () => {
  const server = await startServer(options, at);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const post = (path: string, body: string): Promise<Response> =>
    fetch(`${url}${path}`, { method: 'POST', body });
  try {
    await expect.poll(async () => (await fetch(`${url}/health`)).status).toBe(200);
    expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: 'ok' });
    const body = JSON.stringify({ token: at.tokens[0], visitor_id: 'v_1' });
    const response = await post('/api/v1/experiments/assignments/homepage-hero', body);
    expect(await response.json()).toMatchObject({
      success: true,
      in_experiment: true,
      experiment_id: '3001',
    });
    expect((await post('/api/v1/track', 'x'.repeat(2_000_000))).status).toBe(413);
    expect((await fetch(`${url}/elsewhere`)).status).toBe(404);
  } finally {
    server.close();
    await once(server, 'close');
  }
});

it('ends also while a client holds half a request, and sends the events that wait', async () => {
  const collector = await startCollector();
  onTestFinished(() => collector.close());
  const settings = { ...options, endpoints: { track: collector.origin } };
  const server = await startServer({ ...settings, delivery: { linger: 60_000 } }, at);
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  await expect.poll(async () => (await fetch(`${url}/health`)).status).toBe(200);
  const body = JSON.stringify({ token: at.tokens[0], visitor_id: 'v_1' });
  const assigned = await fetch(`${url}/api/v1/experiments/assignments/homepage-hero`, {
    method: 'POST',
    body,
  });
  expect(await assigned.json()).toMatchObject({ in_experiment: true });
  const client = connect(port, '127.0.0.1');
  client.on('error', () => undefined);
  const arrived = once(server, 'request');
  client.write('POST /api/v1/track HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{');
  await arrived;
  endServer(server, 1);
  await once(server, 'close');
  await expect.poll(() => collector.exposures().length).toBe(1);
});

it.each([
  [undefined, []],
  [' , ', []],
  ['one', ['one']],
  [' one, two,\n', ['one', 'two']],
])('takes the tokens of %j', (list, tokens) => {
  expect(tokensIn(list)).toEqual(tokens);
});

it('is not healthy before there is a project config', async () => {
  const project = { description: 'never', start: () => undefined, stop: () => undefined };
  const server = await startServer({ project, logger: false }, at);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/health`;
  expect((await fetch(url)).status).toBe(503);
  server.close();
});

it.each([
  [['--port', 'http'], "--port must be a number from 0 to 65535 (given 'http')"],
  [['--port', '70000'], '--port must be a number'],
  [['--prot', '80'], "Unknown option '--prot'"],
  [['convert.json'], 'convert.json'],
  [['--project', 'no-such-file.json'], 'there is no file no-such-file.json'],
])('refuses %j', async (args, message) => {
  await expect(serve.run(args)).rejects.toThrow(message);
});

it('names the variable that has the tokens', async () => {
  vi.stubEnv('CONVERT_ASSIGNMENT_TOKENS', 'short');
  onTestFinished(() => void vi.unstubAllEnvs());
  const message = 'variable `CONVERT_ASSIGNMENT_TOKENS` must be a string of at least 16 characters';
  await expect(serve.run(['--port', '0'])).rejects.toThrow(message);
});

it('says what is wrong with its tokens, and with its port', async () => {
  const message = 'option `tokens` must be a string of at least 16 characters';
  await expect(startServer(options, { ...at, tokens: ['short'] })).rejects.toThrow(message);
  const other = createServer().listen(0, at.host);
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  await expect(startServer(options, { ...at, port })).rejects.toThrow('can not listen: ');
  other.close();
});
