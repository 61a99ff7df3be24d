/** A Varnish of one's own, with a VCL of the test's. Debian's package is `varnish`. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { removeFolder } from './folder.js';
import { freePort } from './free-port.js';

const executable = process.env.VARNISH_PATH ?? '/usr/sbin/varnishd';

/** Tests that need one are skipped where there is none; in CI that is an error. */
export const hasVarnish = ((): boolean => {
  try {
    execFileSync(executable, ['-V'], { stdio: 'ignore' });
    return true;
  } catch (error) {
    if (process.env.CI === 'true')
      throw new Error(`no ${executable}: install varnish, or set VARNISH_PATH`, { cause: error });
    return false;
  }
})();

export interface Varnish {
  readonly url: string;
  stop(): Promise<void>;
}

/** Says whether the page came from the cache, and answers the test that asks whether Varnish is there. */
const FOR_TESTS = `
  sub vcl_recv { if (req.url == "/varnish-ready") { return (synth(204)); } }
  sub vcl_deliver {
    if (obj.hits > 0) { set resp.http.X-Cache = "HIT"; } else { set resp.http.X-Cache = "MISS"; }
  }`;

/** Starts one with this VCL, which names its backend. The header `X-Cache` of its answers says `HIT` or `MISS`. */
export async function startVarnish(vcl: string): Promise<Varnish> {
  const folder = await mkdtemp(join(tmpdir(), 'convert-varnish-'));
  const port = await freePort();
  const file = join(folder, 'test.vcl');
  // Subroutines of one name run one after another: those of the test come first in vcl_recv, and last in vcl_deliver.
  const [version = '', ...rest] = vcl.trim().split('\n');
  await writeFile(file, [version, FOR_TESTS, ...rest].join('\n'));
  const how = ['-F', '-j', 'none', '-f', file, '-a', `127.0.0.1:${port}`, '-n', join(folder, 'work')];
  const child = spawn(executable, [...how, '-s', 'malloc,16m', '-T', 'none', '-p', 'thread_pool_min=10'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (text) => (said += String(text)));
  const ended = once(child, 'exit');
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`${executable} ended with ${child.exitCode}: ${said}`);
    await sleep(20);
  }
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      child.kill('SIGTERM');
      await ended;
      await removeFolder(folder);
    },
  };
}

async function answers(port: number): Promise<boolean> {
  try {
    const { status } = await fetch(`http://127.0.0.1:${port}/varnish-ready`, {
      signal: AbortSignal.timeout(1_000),
    });
    return status === 204;
  } catch {
    return false;
  }
}
