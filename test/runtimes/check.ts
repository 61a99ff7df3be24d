/**
 * Boots an app in a process of its own, and checks its page, its exposure, its cookie and its end. The app listens on
 * PORT, sends its events to COLLECTOR, and shows one of `HEADLINES` for the two variations of `homepage-hero`.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { get, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProjectConfig } from '../../src/model/project-config.js';
import { type Collector, startCollector } from '../support/collector.js';
import { freePort } from '../support/free-port.js';

/** Milliseconds until the app must listen, an exposure must have arrived, and the app must have ended. */
const LIMIT = { boot: 30_000, exposure: 10_000, end: 5_000 };

const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

/** In the order of the variations. */
const HEADLINES = ['Welcome', 'Know what works.'];

/** How an app is started. */
export interface Start {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
}

export interface Page {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly headline: string;
  /** `name=value` of each cookie that the page set. */
  readonly cookies: readonly string[];
}

export type Visit = (path: string, headers?: Record<string, string>) => Promise<Page>;

export interface Trial {
  readonly app: App;
  readonly collector: Collector;
  readonly project: ProjectConfig;
  /** The page of a visitor who brought no cookie. */
  newcomer?: Page;
}

/** A check throws if something is wrong. */
export type Check = (trial: Trial) => Promise<void>;

/** The checks of every app, in the order in which they run. */
export const CHECKS: Readonly<Record<'page' | 'exposure' | 'cookie' | 'end', Check>> = {
  page: async (trial) => {
    const page = await trial.app.visit('/');
    assert.equal(page.status, 200, page.body);
    assert.ok(HEADLINES.includes(page.headline), `no headline in ${page.body}`);
    assert.equal(page.headers['cache-control'], 'private, no-cache');
    const ids = page.cookies.filter((cookie) => cookie.startsWith('cv_vid='));
    assert.equal(ids.length, 1, `there must be one cv_vid: ${page.cookies.join('; ')}`);
    trial.newcomer = page;
  },

  exposure: async (trial) => {
    const { collector } = trial;
    const { headline, cookies } = newcomerOf(trial);
    await collector.waitFor((seen) => seen.exposures().length > 0, LIMIT.exposure);
    const sent = collector.exposures().map(({ visitorId, data }) => ({ visitorId, data }));
    assert.deepEqual(sent, [{ visitorId: visitorIn(cookies), data: exposureOf(trial.project, headline) }]);
  },

  // The state is stored after the response, and Bun may serve another request before that. So the exposure came first.
  cookie: async (trial) => {
    const { headline, cookies } = newcomerOf(trial);
    const again = await trial.app.visit('/', { cookie: cookies.join('; ') });
    assert.equal(again.headline, headline);
    assert.deepEqual(again.cookies, []);
  },

  end: async ({ app, collector }) => {
    const before = collector.exposures().length;
    // The signal comes while this exposure waits, or is on its way. It counts if the app stays until it is taken.
    collector.change({ delay: LIMIT.end / 5 });
    await app.visit('/', { cookie: 'cv_vid=last-visitor' });
    const { code, signal, output } = await app.end();
    assert.deepEqual({ code, signal }, { code: 0, signal: null }, output);
    const ids = collector.exposures().map(({ visitorId }) => visitorId);
    assert.deepEqual(ids.slice(before), ['last-visitor'], output);
    assert.equal(before, 1, 'the other visits must have counted nothing');
  },
};

/** The page of the visitor who came first. */
export function newcomerOf({ newcomer }: Trial): Page {
  return newcomer ?? assert.fail('there was no page');
}

/** Tries an app with these checks. Returns `ok` or the fault for each; checks after a failed one are not tried. */
export async function tryApp(
  start: Start,
  project: ProjectConfig,
  checks: readonly Check[] = Object.values(CHECKS),
): Promise<string[]> {
  const collector = await startCollector();
  const app = await startApp(start, collector.origin);
  const trial: Trial = { app, collector, project };
  const findings: string[] = [];
  for (const check of checks) {
    const isLost = findings.some((finding) => finding !== 'ok');
    findings.push(isLost ? 'not tried' : await check(trial).then(() => 'ok', describe));
  }
  app.kill();
  await collector.close();
  return findings;
}

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly output: string;
}

interface App {
  readonly visit: Visit;
  /** Sends SIGTERM, and waits for the end. */
  end(): Promise<Ended>;
  kill(): void;
}

async function startApp({ program, args, cwd }: Start, collector: string): Promise<App> {
  const port = await freePort();
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(program, args, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...{ PATH, HOME, PORT: String(port), HOST: '127.0.0.1', COLLECTOR: collector },
      ...{ NODE_ENV: 'production', DENO_NO_UPDATE_CHECK: '1' },
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (part: Buffer) => (output += String(part)));
  const ended = once(child, 'close') as Promise<[number | null, string | null]>;
  let isOver = false;
  void ended.then(() => (isOver = true));

  const listening = within(LIMIT.boot, 'listened', async () => {
    while (!(await accepts(port))) {
      if (isOver) throw new Error('it ended without listening');
      await sleep(20);
    }
  });
  const explained = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw new Error(`${describe(error)}\n${output}`, { cause: error });
    }
  };

  return {
    visit: (path, headers = {}) =>
      explained(listening.then(() => fetchPage(`http://127.0.0.1:${port}${path}`, headers))),
    async end() {
      child.kill('SIGTERM');
      const [code, signal] = await explained(within(LIMIT.end, 'ended', () => ended));
      return { code, signal, output };
    },
    kill: () => void child.kill('SIGKILL'),
  };
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Each request has a connection of its own, so that none is left that the server has to wait for. */
async function fetchPage(url: string, headers: Record<string, string>): Promise<Page> {
  const request = get(url, { agent: false, headers: { 'user-agent': BROWSER, ...headers } });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let body = '';
  response.setEncoding('utf8');
  for await (const part of response) body += part as string;
  const headline = /<h1[^>]*>(.*?)<\/h1>/.exec(body)?.[1] ?? '';
  const cookies = (response.headers['set-cookie'] ?? []).map((line) => line.split(';')[0] ?? '');
  return { status: response.statusCode ?? 0, headers: response.headers, body, headline, cookies };
}

const visitorIn = (cookies: readonly string[]): string | undefined =>
  cookies.map((cookie) => /^cv_vid=(.*)$/.exec(cookie)?.[1]).find((id) => id !== undefined);

function exposureOf(project: ProjectConfig, headline: string): { experienceId: string; variationId: string } {
  const experience = project.experiences?.find(({ key }) => key === 'homepage-hero');
  const variation = experience?.variations?.[HEADLINES.indexOf(headline)];
  return { experienceId: String(experience?.id), variationId: String(variation?.id) };
}

async function within<T>(milliseconds: number, what: string, work: () => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const { signal } = controller;
  const late = sleep(milliseconds, undefined, { signal }).then(() => {
    throw new Error(`it has not ${what} within ${milliseconds} ms`);
  });
  late.catch(() => {});
  try {
    return await Promise.race([work(), late]);
  } finally {
    controller.abort();
  }
}

export const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error));
