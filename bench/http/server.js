/**
 * A process that is measured: one variant of one framework. What a block began is finished, and billed to it, before
 * another process has its turn.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';
import { answer } from '../support/children.js';

const [framework, collector, profiles] = process.argv.slice(2);
const { start } = await import(`./${framework}.js`);
const settlers = new Map();

let profiler;
if (profiles !== undefined && profiles !== '') {
  mkdirSync(profiles, { recursive: true });
  profiler = new Session();
  profiler.connect();
  await profiler.post('Profiler.enable');
  await profiler.post('Profiler.setSamplingInterval', { interval: 200 });
}

let begun;

answer({
  /** Starts an app and tells its port. */
  async start({ id, app }) {
    const { server, settle } = await start(app, { track: `${collector}/${id}/` });
    // The load keeps its connections while other variants have their turn.
    server.keepAliveTimeout = 0;
    settlers.set(id, settle);
    return server.address().port;
  },
  /** Finishes what is under way. */
  async settle({ id }) {
    await settlers.get(id)?.();
  },
  async begin({ isProfiled }) {
    if (profiler && isProfiled) await profiler.post('Profiler.start');
    begun = process.cpuUsage();
  },
  /** Microseconds of CPU time since `begin`, with what was left to do after the last response. */
  async end({ id, isProfiled }) {
    await settlers.get(id)?.();
    const { user, system } = process.cpuUsage(begun);
    if (profiler && isProfiled) {
      const { profile } = await profiler.post('Profiler.stop');
      writeFileSync(join(profiles, `${framework}-${id}-${Date.now()}.cpuprofile`), JSON.stringify(profile));
    }
    return user + system;
  },
});
