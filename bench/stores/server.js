/** A process that is measured: one store, as a Fastify app. Its work on a block is done before another has its turn. */
import { once } from 'node:events';
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { start } from '../http/fastify.js';
import { answer } from '../support/children.js';
import { Cookies, pageViews } from '../support/browsers.js';
import { VARIANTS } from './variants.js';

const [id, track, folder] = process.argv.slice(2);
const { open } = VARIANTS.find((variant) => variant.id === id);

/** Milliseconds for what nobody waits for. */
const GRACE = 20;

let trips = 0;
/** Of them, those when the handler began. */
let before = 0;
let port;
let settle;
let begun;

async function visit(cookies) {
  const [{ path, headers }] = pageViews;
  const request = get({ port, host: '127.0.0.1', path, headers: { ...headers, cookie: cookies.text } });
  const [response] = await once(request, 'response');
  response.resume();
  await once(response, 'end');
  await settle();
  await sleep(GRACE);
  cookies.keep(response.headers['set-cookie'] ?? []);
}

answer({
  /** Starts the app and tells its port. */
  async start() {
    const options = await open(folder, () => (trips += 1));
    const onHandler = () => (before = trips);
    const started = await start('decide', { track, options: { ...options, onHandler } });
    settle = started.settle;
    // The load keeps its connections while other variants have their turn.
    started.server.keepAliveTimeout = 0;
    ({ port } = started.server.address());
    return port;
  },
  async settle() {
    await settle();
  },
  begin() {
    begun = process.cpuUsage();
  },
  /** Microseconds of CPU time of all threads since `begin`, with what was left to do after the last response. */
  async end() {
    await settle();
    const { user, system } = process.cpuUsage(begun);
    return user + system;
  },
  /** Round trips of visitors who come one by one, new, again, and once more: the most that one took. */
  async trips({ count }) {
    const most = Array.from({ length: 3 }, () => ({ before: 0, after: 0 }));
    // Scripts that the server does not know yet take two.
    const first = new Cookies();
    for (let time = 0; time < 2; time += 1) await visit(first);
    for (let done = 0; done < count; done += 1) {
      const cookies = new Cookies();
      for (const seen of most) {
        const began = trips;
        await visit(cookies);
        seen.before = Math.max(seen.before, before - began);
        seen.after = Math.max(seen.after, trips - before);
      }
    }
    return most;
  },
});
