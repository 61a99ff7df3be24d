/**
 * Processes of two versions of this package, which share the visitors, their state, and the place where events wait.
 */
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { installFlat } from '../package/layouts.js';
import { sharedTarball } from '../package/tarball.js';
import { type Child, startScript } from '../support/child.js';
import { type Collector, startCollector } from '../support/collector.js';
import { testProject } from '../support/project.js';
import type { sharedRedis } from '../support/redis.js';

const SERVER = `
  import express from 'express';
  import { Redis } from 'ioredis';
  import { createConvert } from 'convert-middleware';
  import { convertMiddleware } from 'convert-middleware/express';
  import { redisOutbox, redisStore } from 'convert-middleware/redis';
  const { REDIS, TRACK, SPOOL, PREFIX, PROJECT } = process.env;
  const client = new Redis(Number(REDIS));
  const convert = createConvert({
    project: JSON.parse(PROJECT),
    endpoints: { track: TRACK },
    store: redisStore(client, { prefix: PREFIX }),
    storeTimeout: 30_000,
    assignmentCookie: true,
    secrets: 'a secret of both versions',
    delivery: SPOOL ? { spool: SPOOL } : { outbox: redisOutbox(client, { prefix: PREFIX }) },
  });
  await convert.ready();
  const app = express().use(convertMiddleware(convert));
  app.get(['/', '/buy'], (request, response) => {
    const variation = request.convert.runExperience('homepage-hero');
    if (request.path === '/buy') request.convert.trackConversion('purchase');
    response.send(String(variation?.id));
  });
  const server = app.listen(0, '127.0.0.1', () => console.log('up', server.address().port, '\\nlistening'));
  server.keepAliveTimeout = 120_000;
  process.once('SIGTERM', async () => {
    server.close();
    server.closeAllConnections();
    await convert.close({ timeout: Number(process.env.CLOSE ?? 1_000) });
    client.disconnect();
    const { cookies, delivery, state } = convert.stats();
    console.log(JSON.stringify({ cookies, delivery, state }));
  });
`;

/** The folders of two apps: one has this package, the other one its next version, whose formats are others. */
export interface TwoVersions {
  readonly current: string;
  readonly next: string;
}

export async function installTwoVersions(parent: string): Promise<TwoVersions> {
  const tarball = await sharedTarball();
  const install = (name: string): string => {
    const app = installFlat(parent, tarball, { name, packages: ['express', 'ioredis'] });
    writeFileSync(join(app, 'server.mjs'), SERVER);
    return app;
  };
  const [current, next] = [install('current'), install('next')];
  raiseFormats(join(next, 'node_modules/convert-middleware/dist'));
  return { current, next };
}

/** An app with another build of this package, such as one of an older commit. */
export function installBuild(parent: string, name: string, like: string, dist: string): string {
  const app = join(parent, name);
  cpSync(like, app, { recursive: true, verbatimSymlinks: true });
  cpSync(dist, join(app, 'node_modules/convert-middleware/dist'), { recursive: true });
  return app;
}

/** Raises each number of the table of formats by one, wherever the bundler has put the table. */
function raiseFormats(dist: string): void {
  let tables = 0;
  for (const name of readdirSync(dist).filter((each) => /\.[cm]js$/.test(each))) {
    const path = join(dist, name);
    const code = readFileSync(path, 'utf8');
    const raised = code.replace(/const FORMATS = \{[^}]*\}/, (table) => {
      tables += 1;
      return table.replace(/\d+/g, (number) => String(Number(number) + 1));
    });
    if (raised !== code) writeFileSync(path, raised);
  }
  // One in each build: ESM and CommonJS.
  expect(tables).toBe(2);
}

export interface Stats {
  readonly cookies?: { unknownFormat: number };
  readonly state?: { unknownFormat: number };
  readonly delivery: { otherFormats?: number; spooled: number; reasons: Record<string, number> };
}

interface Member {
  readonly child: Child;
  readonly origin: string;
}

export interface Plan {
  readonly redis: ReturnType<typeof sharedRedis>;
  /** The folders of the apps, in the order in which a visitor's first request goes to them. */
  readonly apps: readonly [string, string];
  /** The folder of the spool; events wait in Redis without it. */
  readonly spool?: string;
  readonly prefix: string;
  readonly visitors: number;
}

/** The requests of each visitor; each goes to the other app than the one before. */
const REQUESTS = 8;

export interface Outcome {
  /** Visitors who saw another variation than before. */
  readonly moved: string[];
  readonly lost: string[];
  readonly doubled: string[];
  readonly stats: readonly Stats[];
  /** The statistics of the processes that sent what had waited. */
  readonly heirs: readonly Stats[];
  readonly logs: readonly string[];
}

/**
 * Has visitors go from one version to the other, with their cookies, while the endpoint is down; ends both processes;
 * and has new processes of both versions send what has waited.
 */
export async function playTwoVersions(plan: Plan): Promise<Outcome> {
  const collector = await startCollector({ status: () => 503 });
  try {
    const both = await Promise.all(plan.apps.map((app) => start(app, plan, collector)));
    const moved: string[] = [];
    const ids: string[] = [];
    const visit = async (visitor: number): Promise<void> => {
      const jar = new Map<string, string>();
      const seen = new Set<string>();
      for (let n = 0; n < REQUESTS; n++) {
        // Each purchase is made once, at either version.
        const path = n === 1 + (visitor % (REQUESTS - 1)) ? '/buy' : '/';
        seen.add(await get(both[n % 2]!.origin + path, jar));
        const key = `${plan.prefix}:1001-2002-${jar.get('cv_vid')}`;
        // What is promised begins once the first commit is through.
        while ((await plan.redis.client.exists(key)) === 0) await sleep(2);
        await sleep(5);
      }
      ids.push(jar.get('cv_vid')!);
      if (seen.size !== 1) moved.push(`${jar.get('cv_vid')}: ${[...seen].join()}`);
    };
    const all = Array.from({ length: plan.visitors }, (_, visitor) => visitor);
    while (all.length > 0) await Promise.all(all.splice(0, 8).map(visit));
    const stats = await Promise.all(both.map(stop));
    collector.change({ status: () => 200 });
    const heirs = await Promise.all(plan.apps.map((app) => start(app, plan, collector, 20_000)));
    await collector.waitFor((seen) => seen.events.length >= 2 * plan.visitors, 30_000).catch(() => undefined);
    // Whatever else there is to come.
    await sleep(2_000);
    const heirStats = await Promise.all(heirs.map(stop));
    const logs = [...both, ...heirs].map(({ child }) => child.output());
    return { moved, ...tallied(collector, ids), stats, heirs: heirStats, logs };
  } finally {
    await collector.close();
  }
}

function tallied(collector: Collector, ids: readonly string[]): Pick<Outcome, 'lost' | 'doubled'> {
  const [lost, doubled]: [string[], string[]] = [[], []];
  for (const [what, events] of [
    ['exposure', collector.exposures()],
    ['conversion', collector.conversions()],
  ] as const) {
    for (const id of ids) {
      const count = events.filter(({ visitorId }) => visitorId === id).length;
      if (count === 0) lost.push(`${what} of ${id}`);
      if (count > 1) doubled.push(`${what} of ${id}`);
    }
  }
  return { lost, doubled };
}

async function start(app: string, plan: Plan, collector: Collector, close = 1_000): Promise<Member> {
  const child = startScript(join(app, 'server.mjs'), {
    REDIS: String(plan.redis.port),
    TRACK: collector.origin,
    SPOOL: plan.spool ?? '',
    PREFIX: plan.prefix,
    PROJECT: JSON.stringify(testProject()),
    CLOSE: String(close),
  });
  await child.said('listening');
  return { child, origin: `http://127.0.0.1:${/up (\d+)/.exec(child.output())![1]}` };
}

async function stop({ child }: Member): Promise<Stats> {
  child.kill('SIGTERM');
  const { code, output } = await child.ended;
  expect(code, output).toBe(0);
  return JSON.parse(output.trim().split('\n').at(-1)!) as Stats;
}

async function get(url: string, jar: Map<string, string>): Promise<string> {
  const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  const answer = await fetch(url, { headers: { 'user-agent': BROWSER, ...(cookie && { cookie }) } });
  for (const line of answer.headers.getSetCookie()) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
    jar.set(name!, value!);
  }
  return answer.text();
}

const BROWSER =
  'Mozilla/5.0 (X11; Linux x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';
