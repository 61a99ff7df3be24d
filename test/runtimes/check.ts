/** Boots the app of one adapter on one runtime, and checks its page, its exposure, its cookie and its end. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Collector } from '../support/collector.js';
import { testProject } from '../support/project.js';
import type { Runtime } from './install.js';

/** Milliseconds until the app must listen, an exposure must have arrived, and the app must have ended. */
const LIMIT = { boot: 30_000, exposure: 10_000, end: 5_000 };

const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

interface Page {
  readonly variation: string;
  readonly visitor: string;
  /** `name=value` of each cookie that the page set. */
  readonly cookies: readonly string[];
}

interface Trial {
  readonly app: App;
  readonly collector: Collector;
  /** The page of a visitor who brought no cookie. */
  newcomer?: Page;
}

/** The checks run in this order; each throws if something is wrong. */
const CHECKS: Record<string, (trial: Trial) => Promise<void>> = {
  page: async (trial) => {
    trial.newcomer = await trial.app.page();
    assert.match(trial.newcomer.variation, /^(original|version-b)$/);
  },

  exposure: async ({ collector, newcomer }) => {
    const { visitor, variation } = newcomer ?? assert.fail('there was no page');
    await collector.waitFor((seen) => seen.exposures().length > 0, LIMIT.exposure);
    const sent = collector.exposures().map(({ visitorId, data }) => ({ visitorId, data }));
    assert.deepEqual(sent, [{ visitorId: visitor, data: exposureOf(variation) }]);
  },

  // The state is stored after the response, and Bun may serve another request before that. So the exposure came first.
  cookie: async ({ app, newcomer }) => {
    const { visitor, variation, cookies } = newcomer ?? assert.fail('there was no page');
    assert.ok(cookies.includes(`cv_vid=${visitor}`), `cv_vid is not in ${JSON.stringify(cookies)}`);
    const again = await app.page(cookies.join('; '));
    assert.deepEqual([again.visitor, again.variation], [visitor, variation]);
  },

  end: async ({ app, collector }) => {
    // This exposure has no time to leave before the signal: if it arrives, close() has sent it.
    const last = await app.page('cv_vid=last-visitor');
    const { code, signal, output } = await app.end();
    assert.deepEqual({ code, signal }, { code: 0, signal: null }, output);
    const { accepted, delivered } = ledgerIn(output);
    assert.deepEqual({ accepted, delivered }, { accepted: 2, delivered: 2 }, output);
    assert.equal(collector.exposures().at(-1)?.visitorId, last.visitor);
  },
};

export const COLUMNS = Object.keys(CHECKS);

/** Returns `ok` or the fault for each of the columns. Checks after a failed one are not tried. */
export async function tryAdapter(
  runtime: Runtime,
  adapter: string,
  file: string,
  collector: Collector,
): Promise<string[]> {
  const app = startApp(runtime, [file, adapter], collector.origin);
  const trial: Trial = { app, collector };
  const findings: string[] = [];
  for (const check of Object.values(CHECKS)) {
    const isLost = findings.some((finding) => finding !== 'ok');
    findings.push(isLost ? 'not tried' : await check(trial).then(() => 'ok', describe));
  }
  app.kill();
  return findings;
}

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly output: string;
}

interface App {
  page(cookie?: string): Promise<Page>;
  /** Sends SIGTERM, and waits for the end. */
  end(): Promise<Ended>;
  kill(): void;
}

function startApp({ program, args }: Runtime, command: readonly string[], track: string): App {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(program, [...args, ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH, HOME, TRACK: track, DENO_NO_UPDATE_CHECK: '1' },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (part: Buffer) => (output += String(part)));
  const ended = closed(child);

  const origin = within(LIMIT.boot, 'listening', async () => {
    for (
      let isOver = false;
      !isOver;
      isOver = await Promise.race([ended.then(() => true), sleep(10, false)])
    ) {
      const port = /^listening (\d+)$/m.exec(output)?.[1];
      if (port !== undefined) return `http://127.0.0.1:${port}/`;
    }
    throw new Error('it ended without listening');
  });
  const explained = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw new Error(`${describe(error)}\n${output}`, { cause: error });
    }
  };

  return {
    page: async (cookie) => explained(fetchPage(await explained(origin), cookie)),
    async end() {
      child.kill('SIGTERM');
      const [code, signal] = await explained(within(LIMIT.end, 'ended', () => ended));
      return { code, signal, output };
    },
    kill: () => void child.kill('SIGKILL'),
  };
}

async function closed(child: ChildProcess): Promise<[number | null, string | null]> {
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return [code, signal];
}

/** Each request has a connection of its own, so that none is left that the server has to wait for. */
async function fetchPage(url: string, cookie?: string): Promise<Page> {
  const headers = { 'user-agent': BROWSER, ...(cookie !== undefined && { cookie }) };
  const request = get(url, { agent: false, headers });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let body = '';
  response.setEncoding('utf8');
  for await (const part of response) body += part as string;
  assert.equal(response.statusCode, 200, body);
  const [, variation, visitor] = /data-variation="(.*?)" data-visitor="(.*?)"/.exec(body) ?? [];
  assert.ok(variation && visitor, `no variation in ${body}`);
  const cookies = (response.headers['set-cookie'] ?? []).map((line) => line.split(';')[0] ?? '');
  return { variation, visitor, cookies };
}

function exposureOf(variationKey: string): { experienceId: string; variationId: string } {
  const experience = testProject().experiences?.find(({ key }) => key === 'homepage-hero');
  const variation = experience?.variations?.find(({ key }) => key === variationKey);
  return { experienceId: String(experience?.id), variationId: String(variation?.id) };
}

function ledgerIn(output: string): { accepted: number; delivered: number } {
  const line = /^closed (.*)$/m.exec(output)?.[1];
  assert.ok(line !== undefined, `no ledger in ${output}`);
  return JSON.parse(line) as { accepted: number; delivered: number };
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

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error));
