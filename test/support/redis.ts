/**
 * A Redis server of one's own, on a free port, with an append-only file in a folder of its own: it can be killed,
 * stopped for a while, and started again with what it had, or without. Debian's package is `redis-server`.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll } from 'vitest';
import { removeFolder } from './folder.js';
import { freePort } from './free-port.js';

const executable = process.env.REDIS_SERVER_PATH ?? 'redis-server';

/** Tests that need one are skipped where there is none; in CI that is an error. */
export const hasRedis = ((): boolean => {
  try {
    execFileSync(executable, ['--version']);
    return true;
  } catch (error) {
    if (process.env.CI === 'true')
      throw new Error(`no ${executable}: install it, or set REDIS_SERVER_PATH`, { cause: error });
    return false;
  }
})();

export interface RedisServer {
  readonly port: number;
  /** Ends it as a crash does. */
  kill(): Promise<void>;
  /** On the same port. `empty`: without what it had. */
  start(how?: { empty: boolean }): Promise<void>;
  /** It takes connections and answers nothing, until `thaw`. */
  freeze(): void;
  thaw(): void;
  /** Kills it and removes its files. */
  remove(): Promise<void>;
}

export async function startRedis(...options: string[]): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'convert-redis-'));
  const port = await freePort();
  let child: ChildProcess | undefined;

  async function start({ empty } = { empty: false }): Promise<void> {
    if (empty) await rm(join(folder, 'appendonlydir'), { recursive: true, force: true });
    const how = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
    // Replicas need not wait for others.
    how.push('--repl-diskless-sync-delay', '0');
    // By default (`everysec`), Redis answers before it writes if the disk is busy: a kill loses what it has answered.
    how.push('--appendonly', 'yes', '--appendfsync', 'no');
    child = spawn(executable, [...how, ...options], { stdio: 'ignore' });
    while (!(await answers(port))) {
      if (child.exitCode !== null) throw new Error(`${executable} ended with ${child.exitCode}`);
      await sleep(10);
    }
  }
  async function kill(): Promise<void> {
    if (child === undefined) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    child = undefined;
  }

  await start();
  return {
    port,
    kill,
    start,
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    async remove() {
      await kill();
      await removeFolder(folder);
    },
  };
}

export interface Link {
  readonly port: number;
  /** Milliseconds, in each direction. */
  delay: number;
  /** Breaks what is open, and leads to another port from now on. */
  redirect(port: number): void;
  close(): Promise<void>;
}

/** One server for all tests of a `describe`, and a client of it. */
export function sharedRedis(): { readonly port: number; readonly client: Redis } {
  const shared = {} as { port: number; client: Redis };
  let server: RedisServer | undefined;
  beforeAll(async () => {
    server = await startRedis();
    shared.port = server.port;
    shared.client = new Redis(server.port);
  });
  afterAll(async () => {
    shared.client?.disconnect();
    await server?.remove();
  });
  return shared;
}

/** A way to a port that hands on what it gets. */
export async function slowLink(to: number): Promise<Link> {
  const open = new Set<Socket>();
  const link = { port: 0, delay: 0, redirect, close };
  let target = to;
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    for (const [from, into] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from);
      // In order, also where the way has become shorter.
      let arrived = Promise.resolve();
      from.on('data', (data) => {
        const due = sleep(link.delay);
        arrived = arrived.then(() => due).then(() => void into.write(data));
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        open.delete(from);
        into.destroy();
      });
    }
  });
  function redirect(port: number): void {
    target = port;
    for (const socket of open) socket.destroy();
  }
  async function close(): Promise<void> {
    for (const socket of open) socket.destroy();
    server.close();
    await once(server, 'close');
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  link.port = (server.address() as AddressInfo).port;
  return link;
}

/** It says so once it has read its files. */
async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write('PING\r\n');
  const answer = await Promise.race([
    once(socket, 'data').then(([data]) => String(data)),
    once(socket, 'close').then(() => ''),
  ]).catch(() => '');
  socket.destroy();
  return answer.startsWith('+PONG');
}
