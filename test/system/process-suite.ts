/** What the built package does to the process that it runs in. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, onTestFinished } from 'vitest';
import { type CaseSize, testsOf } from '../support/tiers.js';
import { type Collector, startCollector } from '../support/collector.js';
import { testProject } from '../support/project.js';

let collector: Collector;

/** Runs an ES module with the package, and resolves with how it ended. */
async function run(
  script: string,
  endpoint = collector.origin,
): Promise<{ code: number | null; signal: string | null; output: string }> {
  const prelude = `
    import { createConvert } from 'convert-middleware';
    const convert = createConvert({
      project: ${JSON.stringify(testProject())},
      endpoints: { track: '${endpoint}' },
      delivery: { linger: 60000 },
    });
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', prelude + script], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (part: Buffer) => (output += String(part)));
  const killer = setTimeout(() => child.kill('SIGKILL'), 20_000);
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  clearTimeout(killer);
  return { code, signal, output };
}

/** The address of a server that is stopped, with as many connections as it may have waiting: no more is made. */
async function unreachable(): Promise<string> {
  const script = `
    const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      console.log(server.address().port);
      process.kill(process.pid, 'SIGSTOP');
    });
  `;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = Number(String(((await once(child.stdout, 'data')) as [Buffer])[0]));
  const sockets: Socket[] = [];
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    child.kill('SIGKILL');
  });
  for (;;) {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    sockets.push(socket);
    const connected = once(socket, 'connect').then(() => true);
    if (!(await Promise.race([connected, sleep(500, false)]))) return `http://127.0.0.1:${port}`;
  }
}

const track = `(await convert.forVisitor('job')).trackConversion('purchase');`;

/** Call it at the top of a test file. */
export function processSuite(size: CaseSize): void {
  const { small, large } = testsOf(size);

  beforeEach(async () => {
    collector = await startCollector();
  });
  afterEach(() => collector.close());

  describe('a process', () => {
    large('is not kept alive by an instance that waits for nothing', async () => {
      expect(await run('')).toEqual({ code: 0, signal: null, output: '' });
    });

    small('that has nothing left to do sends what waits before it ends', async () => {
      expect(await run(track)).toMatchObject({ code: 0, output: '' });
      expect(collector.conversions()).toHaveLength(1);
    });

    large('is not held up for long by a collector that hangs', async () => {
      collector.change({ behaviour: () => 'hang' });
      expect(await run(track)).toMatchObject({ code: 0, signal: null });
      expect(collector.requests).toHaveLength(1);
    });

    large('is not held up for long by an endpoint that takes no connection', async () => {
      const endpoint = await unreachable();
      expect(await run(track, endpoint)).toMatchObject({ code: 0, signal: null });
      const flushed = await run(
        `${track} console.log((await convert.flush({ timeout: 300 })).pending);`,
        endpoint,
      );
      expect(flushed).toMatchObject({ code: 0, signal: null });
    });

    large('sends what came while it sent what waited', async () => {
      const late = `process.once('beforeExit', () => setTimeout(async () => { ${track.replace('job', 'late')} }, 20));`;
      expect(await run(`${track} ${late}`)).toMatchObject({ code: 0, output: '' });
      expect(collector.conversions()).toHaveLength(2);
    });

    large('that has modules of Node, but is none, posts with fetch', async () => {
      const { code, output } = await run(`
        await convert.close();
        const { fetch, console } = globalThis;
        let posts = 0;
        globalThis.fetch = (...all) => (posts++, fetch(...all));
        delete globalThis.process;
        const other = createConvert({
          project: ${JSON.stringify(testProject())}, endpoints: { track: '${collector.origin}' },
        });
        (await other.forVisitor('job')).trackConversion('purchase');
        console.log((await other.flush()).delivered, posts);
      `);
      expect([code, output.trim()]).toEqual([0, '1 1']);
    });

    small('ends with its job: flush, then nothing', async () => {
      const { code, output } = await run(`${track} console.log((await convert.flush()).delivered);`);
      expect([code, output.trim()]).toEqual([0, '1']);
    });

    large(
      'ends with its job where the collector is down: the wait is over in time, and says what it left',
      async () => {
        await collector.close();
        const { code, output } = await run(
          `${track} console.log((await convert.close({ timeout: 500 })).dropped);`,
        );
        expect(code).toBe(0);
        expect(output.trim().split('\n').at(-1)).toBe('1');
      },
    );
  });
}
