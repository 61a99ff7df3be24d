/** What the built package does to the process that it runs in. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startCollector, type Collector } from './support/collector.js';
import { testProject } from './support/project.js';

let collector: Collector;

beforeEach(async () => {
  collector = await startCollector();
});
afterEach(() => collector.close());

/** Runs an ES module with the package, and resolves with how it ended. */
async function run(script: string): Promise<{ code: number | null; signal: string | null; output: string }> {
  const prelude = `
    import { createConvert } from 'convert-middleware';
    const convert = createConvert({
      project: ${JSON.stringify(testProject())},
      endpoints: { track: '${collector.origin}' },
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

const track = `(await convert.forVisitor('job')).trackConversion('purchase');`;

describe('a process', () => {
  it('is not kept alive by an instance that waits for nothing', async () => {
    expect(await run('')).toEqual({ code: 0, signal: null, output: '' });
  });

  it('that has nothing left to do sends what waits before it ends', async () => {
    expect(await run(track)).toMatchObject({ code: 0, output: '' });
    expect(collector.conversions()).toHaveLength(1);
  });

  it('is not held up for long by a collector that hangs', async () => {
    collector.change({ behaviour: () => 'hang' });
    expect(await run(track)).toMatchObject({ code: 0, signal: null });
    expect(collector.requests).toHaveLength(1);
  });

  it('ends with its job: flush, then nothing', async () => {
    const { code, output } = await run(`${track} console.log((await convert.flush()).delivered);`);
    expect([code, output.trim()]).toEqual([0, '1']);
  });

  it('ends with its job where the collector is down: the wait is over in time, and says what it left', async () => {
    await collector.close();
    const { code, output } = await run(
      `${track} console.log((await convert.close({ timeout: 500 })).dropped);`,
    );
    expect(code).toBe(0);
    expect(output.trim().split('\n').at(-1)).toBe('1');
  });
});
