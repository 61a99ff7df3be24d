/** The process of one contestant, so that neither its garbage nor its compiled code is another's. */
import { randomUUID } from 'node:crypto';
import { Socket } from 'node:net';
import { answer } from '../support/children.js';
import { VARIATIONS, describeExperiments } from './experiments.js';

/** Visitors who come back. */
const KNOWN = 50;

let engine;
let experiments;
let known = [];
let serial = 0;
let connections = 0;

/** What is measured decides with what it has. */
Socket.prototype.connect = function () {
  connections += 1;
  throw new Error('a contestant wants to connect');
};

/** What nobody looks at, the compiler leaves out. */
let last;

answer({
  /** Tells the kinds of calls that it has; `undefined` where it is not there. */
  async start({ module, isOptional, count }) {
    experiments = describeExperiments(count);
    try {
      engine = await (await import(module)).start(experiments);
    } catch (error) {
      if (isOptional && error.code === 'ERR_MODULE_NOT_FOUND') return undefined;
      throw error;
    }
    if (!engine) return undefined;
    if (engine.sticky) known = visitorIds(KNOWN).map((id) => engine.remember(id));
    return ['all', 'one', 'sticky'].filter((kind) => kind in engine);
  },

  /** What it gives these visitors for all experiments: places in `VARIATIONS`, -1 for none of them. */
  async decide(ids) {
    const places = [];
    for (const id of ids) {
      const results = await engine.all(id);
      places.push(results.map((result) => VARIATIONS.indexOf(engine.variationOf(result))));
    }
    return places;
  },

  /** The same for single calls: one experiment for each, once as a new visitor and once as a known one. */
  async decideOne(ids) {
    const places = [];
    for (const [index, id] of ids.entries()) {
      const experiment = experiments[index % experiments.length];
      const fresh = await engine.one(id, experiment);
      const sticky = engine.sticky && (await engine.sticky(engine.remember(id), experiment));
      const [place, again] = [fresh, sticky ?? fresh].map((result) =>
        VARIATIONS.indexOf(engine.variationOf(result)),
      );
      places.push(place === again ? place : -1);
    }
    return places;
  },

  /** Microseconds of CPU time per call. */
  async measure({ kind, calls }) {
    const call = engine[kind];
    const visitors =
      kind === 'sticky' ? Array.from({ length: calls }, (_, at) => known[at % KNOWN]) : visitorIds(calls);
    const before = process.cpuUsage();
    for (const visitor of visitors) {
      last = call(visitor, experiments[(serial += 1) % experiments.length]);
      if (last instanceof Promise) last = await last;
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / calls;
  },

  /** How often it wanted to connect to something. */
  async stop() {
    await engine?.stop?.();
    return connections;
  },
});

/** As texts that were received: those that were put together here are put together for good by who reads them first. */
function visitorIds(count) {
  return JSON.parse(JSON.stringify(Array.from({ length: count }, () => randomUUID())));
}
