/**
 * The load: a process with a small HTTP/1.1 client, so that its CPU time is not the server's. Fifty connections stay
 * open per server; each sends its next request when the last one is answered.
 */
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { answer } from '../support/children.js';
import { Cookies, cookiesOf, pageViews } from '../support/browsers.js';

const CONNECTIONS = 50;
/** Returning visitors per server. */
const KNOWN = 1000;

/** Which of ten requests come from visitors who were here before. */
const RETURNING = { new: 0, mixed: 9, returning: 10 };

const HEADS = pageViews.map(
  ({ path, headers }) =>
    `GET ${path} HTTP/1.1\r\n` +
    Object.entries(headers)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join(''),
);

/** By port: open connections, and the cookies of visitors that were here. */
const targets = new Map();

async function targetOf(port) {
  let target = targets.get(port);
  if (!target) {
    target = { connections: await openAll(port), known: [], sent: 0 };
    targets.set(port, target);
  }
  return target;
}

function openAll(port) {
  return Promise.all(
    Array.from(
      { length: CONNECTIONS },
      () =>
        new Promise((resolve, reject) => {
          const socket = connect(port, '127.0.0.1', () => resolve(connection(socket)));
          socket.setNoDelay(true);
          socket.once('error', reject);
        }),
    ),
  );
}

/** `request(text, done)`: one at a time; `done(error, head)`. */
function connection(socket) {
  let received = '';
  let waiting;
  const finish = (error, head) => {
    const done = waiting;
    waiting = undefined;
    received = '';
    done?.(error, head);
  };
  socket.setEncoding('latin1');
  socket.on('data', (chunk) => {
    received = received === '' ? chunk : received + chunk;
    const end = received.indexOf('\r\n\r\n');
    if (end === -1) return;
    const head = received.slice(0, end);
    const [, length] = /\r\ncontent-length: (\d+)/i.exec(head) ?? [];
    if (length === undefined) return finish(new Error(`an answer without a length:\n${head}`));
    if (received.length < end + 4 + Number(length)) return;
    finish(head.startsWith('HTTP/1.1 200 ') ? undefined : new Error(`not a 200:\n${head}`), head);
  });
  socket.on('close', () => finish(new Error('the server closed a connection')));
  socket.on('error', (error) => finish(error));
  return {
    request(text, done) {
      waiting = done;
      socket.write(text, 'latin1');
    },
  };
}

/** The values of `Set-Cookie`. */
function setCookies(head) {
  return Array.from(head.matchAll(/\r\nset-cookie: ([^\r]+)/gi), ([, line]) => line);
}

/** A new visitor, who will return with the cookies that the server set: at least those with these names. */
function newcomer(head, ...names) {
  const cookies = new Cookies().keep(setCookies(head));
  const missing = names.find((name) => !cookies.has(name));
  if (missing !== undefined) throw new Error(`a new visitor got no ${missing}:\n${head}`);
  return cookies;
}

/**
 * Sends `count` requests, or as many as can be sent in `limit` milliseconds. Those who return send all cookies
 * that they were given: that of the visitor's id, and the one that is named by `keeps`, must be among them.
 */
async function block({ port, count, mix, limit = Infinity, expectsCookie, keeps }) {
  const target = await targetOf(port);
  if (!expectsCookie && target.known.length === 0) {
    target.known = Array.from({ length: KNOWN }, () => cookiesOf(randomUUID()));
  }
  const started = performance.now();
  let sent = 0;
  let answered = 0;
  let newVisitors = 0;
  let isOver = false;
  // Never asleep: waking it would be billed to the server's writes, and the more the slower the server is.
  const spin = () => {
    if (!isOver) setImmediate(spin);
  };
  spin();

  await new Promise((resolve, reject) => {
    const next = (connection) => {
      if (sent >= count || performance.now() - started > limit) {
        if (answered === sent) resolve();
        return;
      }
      const serial = target.sent++;
      sent += 1;
      const returns = serial % 10 < RETURNING[mix];
      if (!returns) newVisitors += 1;
      const known = returns ? target.known[serial % target.known.length] : undefined;
      const cookies = known ? `cookie: ${known.text}\r\n` : '';
      connection.request(`${HEADS[serial % HEADS.length]}${cookies}\r\n`, (error, head) => {
        if (error) return reject(error);
        answered += 1;
        if (!known && expectsCookie) {
          try {
            const cookies = newcomer(head, 'cv_vid', ...(keeps ? [keeps] : []));
            if (target.known.length < KNOWN) target.known.push(cookies);
          } catch (problem) {
            return reject(problem);
          }
        } else if (head.includes('\r\nset-cookie: ') || head.includes('\r\nSet-Cookie: ')) {
          known?.keep(setCookies(head));
        }
        next(connection);
      });
    };
    for (const connection of target.connections) next(connection);
  }).finally(() => {
    isOver = true;
  });
  return { requests: answered, newVisitors, seconds: (performance.now() - started) / 1000 };
}

answer({ block });
