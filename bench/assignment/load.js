/** A process that asks for assignments, over connections that stay open, and takes the time until each is answered. */
import { Agent, request } from 'node:http';
import { answer } from '../support/children.js';
import { EXPERIENCE } from '../support/project.js';

const CONNECTIONS = 20;
/** A visitor comes some four times: every fourth request is the first one of a visitor. */
const VISITS = 4;
const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36';

const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
let requests = 0;

function bodyOf(nth, token) {
  return JSON.stringify({
    token,
    visitor_id: `00000000-0000-4000-8000-${Math.floor(nth / VISITS)
      .toString(16)
      .padStart(12, '0')}`,
    context: { url: 'https://shop.example/?utm_source=mail', user_agent: CHROME, ip: '192.0.2.7' },
  });
}

function send(port, body) {
  const path = `/api/v1/experiments/assignments/${EXPERIENCE}`;
  const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const begin = performance.now();
    const sent = request({ agent, port, host: '127.0.0.1', method: 'POST', path, headers }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`answered with ${response.statusCode}`));
      response.resume().on('end', () => resolve(performance.now() - begin));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

answer({
  /** Sends `count` requests, and returns the milliseconds that each took. */
  async block({ port, count, secret }) {
    const bodies = Array.from({ length: count }, () => bodyOf((requests += 1), secret));
    const times = [];
    const worker = async () => {
      for (let next = bodies.pop(); next !== undefined; next = bodies.pop())
        times.push(await send(port, next));
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, worker));
    return times;
  },
});
