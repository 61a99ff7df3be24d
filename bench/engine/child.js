/** The process of one contestant, so that neither its garbage nor its compiled code is another's. */
import { randomUUID } from 'node:crypto';
import { Socket } from 'node:net';
import { answer } from '../support/children.js';
import { VARIATIONS, describeExperiments } from './experiments.js';

/** Visitors who come back. */
const KNOWN = 50;
/**
 * Visitors who are new: their ids are made before, or the garbage of making them would be measured. More than twice as
 * many as the SDK's store remembers: who comes again has long been forgotten.
 */
const FRESH = 25_000;
/** Calls between two looks at the clock. */
const RUN_UP_CALLS = 500;

let engine;
let experiments;
let isAsync = false;
/** By kind of calls. */
let visitors;
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
    isAsync = engine.isAsync === true;
    visitors = { all: queueOf(visitorIds(FRESH)), one: queueOf(visitorIds(FRESH)) };
    if (engine.sticky) visitors.sticky = queueOf(visitorIds(KNOWN).map((id) => engine.remember(id)));
    return Object.keys(visitors);
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

  /** Microseconds of CPU time per call, after `runUp` milliseconds of CPU time in such calls. */
  async measure({ kind, calls, runUp }) {
    const until = cpuTime() + runUp * 1000;
    while (cpuTime() < until) await call(kind, Math.min(calls, RUN_UP_CALLS));
    const before = cpuTime();
    await call(kind, calls);
    return (cpuTime() - before) / calls;
  },

  /** How often it wanted to connect to something. */
  async stop() {
    await engine?.stop?.();
    return connections;
  },
});

/** Microseconds that this process has had. */
function cpuTime() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

async function call(kind, times) {
  const decide = engine[kind];
  const next = visitors[kind];
  for (let n = 0; n < times; n += 1) {
    last = decide(next(), experiments[(serial += 1) % experiments.length]);
    if (isAsync) last = await last;
  }
}

/** One after the other, and from the first one again. */
function queueOf(all) {
  let at = 0;
  return () => all[(at += 1) % all.length];
}

/** As texts that were received: those that were put together here are put together for good by who reads them first. */
function visitorIds(count) {
  return JSON.parse(JSON.stringify(Array.from({ length: count }, () => randomUUID())));
}
