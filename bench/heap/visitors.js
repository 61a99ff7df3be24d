/** The process whose heap is measured. Run with --expose-gc. */
import { randomUUID } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { pageViews } from '../support/browsers.js';
import { fromBuild } from '../support/build.js';
import { answer } from '../support/children.js';
import { EXPERIENCE, project } from '../support/project.js';

const { createConvert } = await fromBuild('index');
const [track, kind] = process.argv.slice(2);
const convert = createConvert({ project, endpoints: { track }, logger: false });
await convert.ready();

/** Visitors between two turns of the event loop, as on a busy server. */
const TURN = 50;
/** Visitors that may wait for delivery. */
const WAITING = 5_000;

let served = 0;
let cpu = 0;

answer({
  async come({ count }) {
    const before = process.cpuUsage();
    for (let done = 1; done <= count; done += 1) {
      const { path, headers } = pageViews[(served += 1) % pageViews.length];
      serve(path, kind === 'unknown' ? { ...headers, cookie: `cv_vid=${randomUUID()}` } : headers);
      if (done % TURN === 0) await turn();
      if (done % WAITING === 0 && kind !== 'waiting') await convert.flush();
    }
    const { user, system } = process.cpuUsage(before);
    cpu = user + system;
  },
  async measure() {
    if (kind !== 'waiting') await convert.flush();
    await turn();
    globalThis.gc();
    const { heapUsed, external } = process.memoryUsage();
    return { heapUsed, external, cpu, delivered: convert.stats().delivery.delivered };
  },
});

function serve(path, headers) {
  const response = new Response();
  const request = {
    method: 'GET',
    url: path,
    protocol: 'https',
    host: headers.host,
    ip: '',
    headers,
    raw: null,
  };
  const variation = convert.open(request, response).runExperience(EXPERIENCE);
  if (variation === null) throw new Error('the experience was not decided: there is nothing to measure');
  response.finish();
  if (kind === 'new' && !response.hasCookie) throw new Error('a new visitor got no cookie');
}

/** A response that an adapter would describe; `finish` writes its head. */
class Response {
  headersSent = false;
  closed = false;
  #listener;
  hasCookie = false;

  onHead(listener) {
    this.#listener = listener;
  }
  onClose() {}
  finish() {
    this.#listener?.(this);
    this.headersSent = true;
  }

  getHeader() {
    return undefined;
  }
  getHeaderNames() {
    return [];
  }
  setHeader() {}
  appendCookie() {
    this.hasCookie = true;
  }
}
