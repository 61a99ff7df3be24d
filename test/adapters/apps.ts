/** The apps of a suite: each test has a collector and a log of its own, and its apps end with it. */
import { afterEach, beforeEach } from 'vitest';
import type { ConvertOptions } from '../../src/options/types.js';
import { type Collector, startCollector } from '../support/collector.js';
import { testProject } from '../support/project.js';
import type { Adapter, AppOptions, RunningApp } from './harness.js';

export interface Apps {
  readonly collector: Collector;
  /** What the apps of this test have logged. */
  readonly logged: string[];
  /** The options of an app: the project of the tests, the collector and the log, and then `more`. */
  readonly options: (more?: ConvertOptions) => ConvertOptions;
  readonly start: (options: AppOptions) => Promise<RunningApp>;
  /** Resolves with the collector, when what the apps have sent is there. */
  readonly delivered: () => Promise<Collector>;
}

/** To be called inside of `describe`. */
export function appsOf(adapter: Adapter): Apps {
  let collector: Collector;
  let logged: string[];
  const running: RunningApp[] = [];

  beforeEach(async () => {
    collector = await startCollector();
    logged = [];
  });
  afterEach(async () => {
    for (const app of running.splice(0)) {
      await app.close();
      await app.convert.close({ timeout: 100 });
    }
    await collector.close();
  });

  return {
    get collector() {
      return collector;
    },
    get logged() {
      return logged;
    },
    options(more = {}) {
      const log = (message: string): void => void logged.push(message);
      return {
        project: testProject(),
        endpoints: { track: collector.origin },
        delivery: { linger: 10 },
        logger: { error: log, warn: log, info: log },
        ...more,
      };
    },
    async start(options) {
      const app = await adapter.start(options);
      running.push(app);
      return app;
    },
    async delivered() {
      for (const app of running) await app.convert.flush({ timeout: 30_000 });
      return collector;
    },
  };
}
