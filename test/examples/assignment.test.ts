/** The clients in examples/assignment, which nobody here wrote a library for: each takes a decision from a server. */
import { execFile, spawnSync } from 'node:child_process';
import type { AddressInfo } from 'node:net';
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

for (const [interpreter, file, needs] of CLIENTS) {
  const isThere = spawnSync(needs, ['--version']).error === undefined;
  it.skipIf(!isThere)(`examples/assignment/${file}${isThere ? '' : `, needs ${needs}`}`, async () => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1`;
    expect(await run(interpreter, file, url)).toContain('Original');
    // Without the server, the page shows the original.
    if (file !== 'curl.sh') expect((await run(interpreter, file, NOWHERE)).trim()).toMatch(/^(None|)$/);
  });
}
