/**
 * The least that an app has to do which gives each new visitor a cookie, a variation by the hash of its id and one
 * event, and returning ones what they had: no rules, no properties of the request, no consent, no bots, no retries, and
 * nothing that the app could overwrite by accident. What costs less than this does less.
 */
import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { page } from './page.js';

const NAME = 'cv_vid=';
const LINGER = 100;
const VARIATIONS = ['original', 'version-b'];

export function startFloor(track) {
  const states = new Map();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let queue = [];
  let timer;
  let sending;

  const send = () => {
    clearTimeout(timer);
    timer = undefined;
    const events = queue;
    queue = [];
    const body =
      '{"accountId":"1001","projectId":"2002","enrichData":true,"visitors":[' + events.join() + ']}';
    sending = new Promise((resolve) => {
      const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
      const posted = request(`${track}track`, { agent, method: 'POST', headers }, (response) => {
        response.resume().on('end', resolve);
      });
      posted.end(body);
    });
    return sending;
  };

  return {
    /** The page; `setHeader` is called for each header that it needs. */
    page({ cookie }, setHeader) {
      setHeader('cache-control', 'private, no-cache');
      const at = cookie === undefined ? -1 : cookie.indexOf(NAME);
      if (at !== -1) {
        const end = cookie.indexOf(';', at);
        const id = cookie.slice(at + NAME.length, end === -1 ? undefined : end);
        return page(states.get(id) ?? variationOf(id));
      }
      const id = randomUUID();
      const variation = variationOf(id);
      states.set(id, variation);
      setHeader('set-cookie', `${NAME}${id}; Max-Age=31536000; Path=/; Secure; SameSite=Lax`);
      queue.push(
        `{"visitorId":"${id}","events":[{"eventType":"bucketing","data":{"experienceId":"100400101","variationId":"${variation}"}}]}`,
      );
      timer ??= setTimeout(send, LINGER);
      return page(variation);
    },
    async settle() {
      if (queue.length > 0) send();
      await sending;
    },
  };
}

function variationOf(id) {
  let hash = 0;
  for (let place = 0; place < id.length; place += 1) hash = (Math.imul(hash, 31) + id.charCodeAt(place)) | 0;
  return VARIATIONS[hash & 1];
}
