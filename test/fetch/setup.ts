/** Apps on web standards for the tests of this folder: without a server, with a collector and a log of their own. */
import { afterEach, beforeEach } from 'vitest';
import { createConvert, type FetchConvert } from '../../src/fetch/convert.js';
import type { FetchOptions } from '../../src/fetch/options.js';
import type { ProjectConfig } from '../../src/model/project-config.js';
import { type Collector, startCollector } from '../support/collector.js';
import { testProject } from '../support/project.js';
import '../support/loaded.js';

export let collector: Collector;
export let logged: string[];
const open: FetchConvert[] = [];

/** Gives each test of a file a collector and a log. Call it at the top of the file. */
export function collectorPerTest(): void {
  beforeEach(async () => {
    collector = await startCollector();
    logged = [];
  });
  afterEach(async () => {
    for (const convert of open.splice(0)) await convert.close({ timeout: 100 });
    await collector.close();
  });
}

export const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';

/** Options with the project of the tests, the collector and the log, and then `more`. */
export function options(more: FetchOptions = {}): FetchOptions {
  // What an app says after its test belongs to no other test.
  const own = logged;
  const log = (message: string): void => void own.push(message);
  return {
    project: testProject(),
    endpoints: { track: collector.origin },
    logger: { error: log, warn: log },
    readyTimeout: 10_000,
    ...more,
  };
}

export function create(more: FetchOptions = {}): FetchConvert {
  const convert = createConvert(options(more));
  open.push(convert);
  return convert;
}

/** Has a Convert closed after the test. */
export function closing(convert: FetchConvert): void {
  open.push(convert);
}

/** The project of the tests, with the experiences of `examples/next`. */
export function nextProject(): ProjectConfig {
  const config = testProject();
  for (const each of config.experiences!) if (each.key === 'featured') each.key = 'prices';
  return config;
}

export function visit(path = '/', headers: Record<string, string> = {}, init: RequestInit = {}): Request {
  return new Request(`https://shop.example${path}`, {
    headers: { 'user-agent': CHROME, ...headers },
    ...init,
  });
}

export const cookieOf = (response: Response, name = 'cv_vid'): string | undefined =>
  response.headers
    .getSetCookie()
    .find((line) => line.startsWith(`${name}=`))
    ?.split(';')[0];
