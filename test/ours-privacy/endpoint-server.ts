/** A server that answers as the assignment endpoint does, or in one of the ways in which endpoints fail. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen, stop } from '../adapters/harness.js';

export interface Call {
  readonly path: string;
  readonly body: Record<string, unknown>;
}

export type Answer = (res: ServerResponse, call: Call) => void;

export interface EndpointServer {
  readonly origin: string;
  readonly calls: Call[];
  /** The connections so far. */
  readonly connections: () => number;
  answer: Answer;
  close(): Promise<void>;
}

export const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  (res) => {
    res.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };

/** The variant is that of the visitor's id, so that answers of different visitors differ. */
export const assigned: Answer = (res, { path, body }) =>
  json(200, {
    success: true,
    in_experiment: true,
    experiment_id: 'exp_1',
    experiment_key: decodeURIComponent(path.split('/').at(-1) ?? ''),
    variant_id: `var_${String(body.visitor_id)}`,
    variant_name: `of ${String(body.visitor_id)}`,
    is_control: false,
    type: 'ab',
  })(res, { path, body });

/** What an endpoint can do wrong, and what it is called. */
export const FAULTS: readonly [name: string, answer: Answer, reason: string][] = [
  ['hangs', () => undefined, 'timeout'],
  ['resets the connection', (res) => res.destroy(), 'unreachable'],
  [
    'answers half a body, and hangs',
    (res) => void res.writeHead(200, { 'content-length': '1000' }).write('{"success":true,'),
    'timeout',
  ],
  ['answers HTML', (res) => void res.writeHead(200).end('<html>login</html>'), 'bad-answer'],
  ['answers {}', json(200, {}), 'bad-answer'],
  ['answers a list', json(200, []), 'bad-answer'],
  ['answers success: false', json(200, { success: false, in_experiment: true }), 'bad-answer'],
  [
    'answers more than anybody reads',
    (res) => void res.writeHead(200).end(JSON.stringify({ text: 'x'.repeat(100_000) })),
    'bad-answer',
  ],
  ['redirects', json(302, {}, { location: '/login' }), 'bad-request'],
  ['answers 500', json(500, { success: false }), 'server-error'],
  ['answers 400', json(400, { success: false }), 'bad-request'],
  ['answers 408', json(408, { success: false }), 'server-error'],
  ['answers 413', json(413, { success: false }), 'bad-request'],
  ['answers 401', json(401, { success: false }), 'unauthorized'],
  ['answers 404', json(404, { success: false }), 'not-found'],
  ['answers 429', json(429, { success: false }), 'rate-limited'],
  [
    'says that the visitor is not in it',
    json(200, { success: true, in_experiment: false }),
    'not-in-experiment',
  ],
];

export async function endpointServer(): Promise<EndpointServer> {
  const calls: Call[] = [];
  let connections = 0;
  const serve = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    let text = '';
    for await (const chunk of req) text += String(chunk);
    const call = { path: req.url ?? '', body: JSON.parse(text) as Record<string, unknown> };
    calls.push(call);
    endpoint.answer(res, call);
  };
  const server = createServer((req, res) => void serve(req, res));
  server.on('connection', () => (connections += 1));
  const endpoint: EndpointServer = {
    origin: `${await listen(server)}/api/v1`,
    calls,
    connections: () => connections,
    answer: assigned,
    close: () => stop(server),
  };
  return endpoint;
}
