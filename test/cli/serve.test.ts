/** The command `serve`, in this process: the endpoint with its health. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { serve, startServer, tokensIn } from '../../src/cli/serve.js';
import type { ConvertOptions } from '../../src/options/types.js';

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

it('says what is wrong with its tokens, and with its port', async () => {
  const message = 'option `tokens` must be a string of at least 16 characters';
  await expect(startServer(options, { ...at, tokens: ['short'] })).rejects.toThrow(message);
  const other = createServer().listen(0, at.host);
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  await expect(startServer(options, { ...at, port })).rejects.toThrow('can not listen: ');
  other.close();
});
