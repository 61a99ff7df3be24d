/**
 * An nginx of one's own in front of a server, with `proxy_cache` as it is by default. Debian's package is
 * `nginx-light`.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { removeFolder } from './folder.js';
import { freePort } from './free-port.js';

const executable = process.env.NGINX_PATH ?? '/usr/sbin/nginx';

/** Tests that need one are skipped where there is none; in CI that is an error. */
export const hasNginx = ((): boolean => {
  try {
    execFileSync(executable, ['-v'], { stdio: 'ignore' });
    return true;
  } catch (error) {
    if (process.env.CI === 'true')
      throw new Error(`no ${executable}: install nginx-light, or set NGINX_PATH`, { cause: error });
    return false;
  }
})();

export interface Nginx {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts one in front of `upstream`. The header `X-Cache` of its answers says `HIT` or `MISS`. */
export const startNginx = (upstream: string): Promise<Nginx> =>
  startNginxWith(
    (folder, port) => `
      proxy_cache_path ${folder}/cache keys_zone=pages:1m;
      server {
        listen 127.0.0.1:${port};
        location / {
          proxy_pass ${upstream};
          proxy_cache pages;
          add_header X-Cache $upstream_cache_status;
        }
      }`,
  );

/**
 * Starts one with this part of the configuration inside of `http`: it has to listen on the port, and to cache into a
 * folder within the given one.
 */
export async function startNginxWith(configure: (folder: string, port: number) => string): Promise<Nginx> {
  const folder = await mkdtemp(join(tmpdir(), 'convert-nginx-'));
  const port = await freePort();
  await mkdir(join(folder, 'temp'));
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (each) => `${each}_temp_path ${folder}/temp/${each};`,
  );
  const ready = '\n location = /ready { return 204; }\n';
  const config = `
    daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
    events {}
    http {
      access_log off; ${temp.join(' ')}
      ${configure(folder, port).replace(/^\s*server \{/m, (start) => `${start}${ready}`)}
    }`;
  await writeFile(join(folder, 'nginx.conf'), config);
  const how = ['-c', join(folder, 'nginx.conf'), '-p', folder, '-e', join(folder, 'error.log')];
  const child = spawn(executable, how, { stdio: 'ignore' });
  const ended = once(child, 'exit');
  while (!(await answers(port))) {
    if (child.exitCode !== null) {
      const log = await readFile(join(folder, 'error.log'), 'utf8');
      throw new Error(`${executable} ended with ${child.exitCode}: ${log}`);
    }
    await sleep(10);
  }
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      child.kill('SIGKILL');
      await ended;
      await removeFolder(folder);
    },
  };
}

/** True if an nginx answers. Another server may have taken the port meanwhile, and a socket may even meet itself. */
async function answers(port: number): Promise<boolean> {
  try {
    const { status, headers } = await fetch(`http://127.0.0.1:${port}/ready`, {
      signal: AbortSignal.timeout(1_000),
    });
    return status === 204 && headers.get('server')?.startsWith('nginx') === true;
  } catch {
    return false;
  }
}
