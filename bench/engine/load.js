/** The process that loads one large project, in one way, a few times. Run with --expose-gc. */
import { setImmediate as turn } from 'node:timers/promises';
import sdk from '@convertcom/js-sdk';
import { answer } from '../support/children.js';
import { adapter, compiledEngine, engineVisitor, validate } from './engines.js';
import { largeProject, largeVisit } from './experiments.js';

const ConvertSDK = sdk.default ?? sdk;
const SILENT = 5;
const ID = 'b0ac2ea9-40f1-4b8f-9c39-1d8a0c4a9a5e';

const { locationProperties, visitorProperties } = largeVisit();
const visitor = engineVisitor(ID, {}, locationProperties, visitorProperties);
const engineWays = (engine) => ({
  load: (config) => engine.load(config),
  decide: (project) => project.experiences(visitor, {}).filter(({ variation }) => variation).length,
});
const ways = {
  compiled: compiledEngine && { ...engineWays(compiledEngine), prepare: validate },
  patterns: compiledEngine && { ...engineWays(compiledEngine), prepare: validate, patterns: true },
  adapter: engineWays(adapter),
  sdk: {
    load: (data) =>
      new ConvertSDK({
        data,
        network: { tracking: false },
        logger: { logLevel: SILENT, customLoggers: [] },
      }),
    decide: (instance) =>
      instance.createContext(ID).runExperiences({ locationProperties, visitorProperties }).length,
  },
};

const MAX_LOADS = 30;

/** Held until the heap has been read. */
const held = [];

answer({
  /** Milliseconds of CPU time and bytes of heap; `undefined` where there is no such engine. */
  async measure({ way, count, budget }) {
    if (!ways[way]) return undefined;
    const { load, decide, prepare = (config) => config, patterns } = ways[way];
    const text = JSON.stringify(largeProject(count, { patterns }));
    const receive = () => {
      const config = prepare(JSON.parse(text));
      held.push(config);
      return config;
    };
    const loadFrom = (config) => timed(() => held.push(load(config)));
    const decideAll = () => {
      const decisions = decide(held.at(-1));
      if (decisions !== count) throw new Error(`${way} decided ${decisions} of ${count}`);
    };

    const first = loadFrom(receive());
    const decided = timed(decideAll);

    // The second project: what belongs to the code is there by now.
    const before = await heap();
    const config = receive();
    const withConfig = await heap();
    loadFrom(config);
    // What is made at the first use belongs to the project.
    decideAll();
    const after = await heap();
    held.length = 0;

    const later = [];
    const until = performance.now() + budget;
    while (later.length < MAX_LOADS && (later.length === 0 || performance.now() < until)) {
      later.push(loadFrom(receive()));
      held.length = 0;
    }
    return { first, decided, later, config: withConfig - before, heap: after - withConfig };
  },
});

function timed(work) {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

async function heap() {
  // What is weakly held stays until the end of the turn.
  await turn();
  globalThis.gc();
  await turn();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}
