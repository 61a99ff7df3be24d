/** Workers that share visitors and events in a folder, one of which is killed. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startScript } from '../support/child.js';
import { temporaryFolder } from '../support/folder.js';
import { freePort } from '../support/free-port.js';
import { ROOT } from './root.js';
import { CHROME } from './shop.js';

/** Call it at the top of a test file. */
export function clusterSuite(): void {
  it('cluster.js keeps a visitor’s variation over all workers, one of which dies, and counts once', async () => {
    const folder = temporaryFolder('cluster');
    const port = await freePort();
    const primary = startScript(join(ROOT, 'examples/cluster.js'), {
      PORT: String(port),
      DATA: folder,
      CONVERT_SDK_KEY: '',
    });
    const listening = (): number => primary.output().split(`http://localhost:${port}\n`).length - 1;
    await expect.poll(listening).toBe(4);

    let cookie: string | undefined;
    const workers = new Set<number>();
    const variations = new Set<string>();
    const visit = async (): Promise<number> => {
      const response = await fetch(`http://127.0.0.1:${port}/`, {
        // Another connection, another worker.
        headers: { 'user-agent': CHROME, connection: 'close', ...(cookie && { cookie }) },
      });
      cookie ??= response.headers.get('set-cookie')!.split(';')[0]!;
      variations.add(await response.text());
      const worker = Number(response.headers.get('x-worker'));
      workers.add(worker);
      return worker;
    };
    while (workers.size < 4) await visit();
    await expect.poll(() => primary.output()).toContain('"bucketing"');
    process.kill(await visit(), 'SIGKILL');
    await expect.poll(listening).toBe(5);
    while (workers.size < 5) await visit().catch(() => undefined);
    const signup = { method: 'POST', headers: { 'user-agent': CHROME, cookie: cookie! } };
    for (let n = 0; n < 3; n++) await fetch(`http://127.0.0.1:${port}/signup`, signup);

    await expect.poll(() => primary.output()).toContain('"conversion"');

    primary.kill('SIGTERM');
    const { code, output } = await primary.ended;
    expect(code).toBe(0);
    expect(variations.size).toBe(1);
    const id = cookie!.split('=')[1]!;
    const events = output.split('\n').filter((line) => line.startsWith(id));
    expect(events.filter((line) => line.includes('"bucketing"'))).toHaveLength(1);
    expect(events.filter((line) => line.includes('"conversion"'))).toHaveLength(1);
  });
}
