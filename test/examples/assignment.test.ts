/** The clients in examples/assignment, which nobody here wrote a library for: each takes a decision from a server. */
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startServer } from '../../src/cli/serve.js';
import { ROOT } from './root.js';

const TOKEN = 'exp_0123456789abcdef';
const NOWHERE = 'http://127.0.0.1:9/api/v1';

const CLIENTS = [
  ['sh', 'curl.sh', 'curl'],
  ['python3', 'client.py', 'python3'],
  ['ruby', 'client.rb', 'ruby'],
] as const;

/** Half a body, no HTTP at all, and JSON of another kind. */
const BROKEN = [
  'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"success":',
  'nonsense\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]',
];

let server: Awaited<ReturnType<typeof startServer>>;
beforeAll(async () => {
  const options = { project: `${ROOT}/examples/project.json`, delivery: false, logger: false } as const;
  server = await startServer(options, { host: '127.0.0.1', port: 0, tokens: [TOKEN] });
});
afterAll(() => void server.close());

async function run(interpreter: string, file: string, url: string): Promise<string> {
  const env = { ...process.env, ASSIGNMENT_URL: url, ASSIGNMENT_TOKEN: TOKEN };
  const args = [`${ROOT}/examples/assignment/${file}`, 'v_1'];
  return (await promisify(execFile)(interpreter, args, { env })).stdout;
}

async function runAgainst(answer: string, interpreter: string, file: string): Promise<string> {
  const broken = createServer((socket) =>
    socket.on('error', () => undefined).once('data', () => socket.end(answer)),
  );
  broken.listen(0, '127.0.0.1');
  await once(broken, 'listening');
  try {
    return await run(interpreter, file, `http://127.0.0.1:${(broken.address() as AddressInfo).port}/api/v1`);
  } finally {
    broken.close();
  }
}

for (const [interpreter, file, needs] of CLIENTS) {
  const isThere = spawnSync(needs, ['--version']).error === undefined;
  it.skipIf(!isThere)(`examples/assignment/${file}${isThere ? '' : `, needs ${needs}`}`, async () => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1`;
    expect(await run(interpreter, file, url)).toContain('Original');
    // Without the server, the page shows the original.
    if (file === 'curl.sh') return;
    expect((await run(interpreter, file, NOWHERE)).trim()).toMatch(/^(None|)$/);
    for (const answer of BROKEN)
      expect((await runAgainst(answer, interpreter, file)).trim()).toMatch(/^(None|)$/);
  });
}
