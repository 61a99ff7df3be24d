/** What the tests of the project sources share: a small config, a sink that remembers, and servers on loopback. */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { onTestFinished, vi } from 'vitest';
import type { ProjectConfig } from '../../src/model/project-config.js';
import type { CachedConfigInfo, ProjectSink, ProjectSource } from '../../src/project/types.js';
import type { ConvertError } from '../../src/utils/errors.js';

export function project(version = '1'): ProjectConfig {
  return {
    account_id: '100',
    project: { id: '200', settings: { version } },
    experiences: [{ id: '1', key: 'hero', variations: [{ id: '11', key: 'original' }] }],
  };
}

export const versionOf = (config: ProjectConfig | undefined): unknown => config?.project.settings?.version;

export interface Recorder extends ProjectSink {
  readonly configs: ProjectConfig[];
  readonly errors: ConvertError[];
  /** Of each config: its age if it came from a cache. */
  readonly cached: (CachedConfigInfo | undefined)[];
  readonly cacheFailures: string[];
  readonly recoveries: string[];
  unchangedCount: number;
}

export function recorder(): Recorder {
  const configs: ProjectConfig[] = [];
  const errors: ConvertError[] = [];
  const cached: (CachedConfigInfo | undefined)[] = [];
  const cacheFailures: string[] = [];
  const recoveries: string[] = [];
  return {
    configs,
    errors,
    cached,
    cacheFailures,
    recoveries,
    unchangedCount: 0,
    config(config, from) {
      configs.push(config);
      cached.push(from);
      return true;
    },
    cacheFailed: (error) => void cacheFailures.push(error.message),
    recovered: (what) => void recoveries.push(what),
    error: (error) => void errors.push(error),
    unchanged() {
      this.unchangedCount += 1;
    },
  };
}

export const until = (check: () => unknown): Promise<unknown> =>
  vi.waitFor(check, { timeout: 30_000, interval: 5 });

/** Runs `cleanup` after the test, the last one first. */
export function later(cleanup: () => unknown): void {
  onTestFinished(async () => void (await cleanup()));
}

/** Starts a source, and stops it after the test. */
export function started(source: ProjectSource): Recorder {
  const sink = recorder();
  later(() => source.stop());
  source.start(sink);
  return sink;
}

export interface TestServer {
  /** Base address with a trailing slash. */
  readonly base: string;
  readonly requests: IncomingMessage[];
  /** May be exchanged at any time. */
  answer: RequestListener;
  /** Nothing listens there any more. */
  close(): Promise<void>;
}

export async function httpServer(answer: RequestListener, port = 0): Promise<TestServer> {
  const requests: IncomingMessage[] = [];
  const handle = { base: '', requests, answer, close };
  const server = createServer((request, response) => {
    requests.push(request);
    handle.answer(request, response);
  });
  function close(): Promise<void> {
    server.closeAllConnections();
    return new Promise((done) => server.close(() => done()));
  }
  later(close);
  handle.base = `http://127.0.0.1:${await listen(server, port)}/api/v1/`;
  return handle;
}

export async function listen(server: Server, port = 0): Promise<number> {
  await new Promise<void>((done, fail) => server.once('error', fail).listen(port, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
}

/** An answer that is sent as it stands. */
export function says(
  body: string | Buffer,
  headers: Record<string, string> = {},
  status = 200,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (_request, response) => void response.writeHead(status, headers).end(body);
}

export const saysProject = (version?: string, headers?: Record<string, string>): RequestListener =>
  says(JSON.stringify(project(version)), { 'Content-Type': 'application/json', ...headers });
