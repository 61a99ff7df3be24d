/** The command `serve`: the assignment endpoint alone, on a server of its own. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { assignmentRoutes } from '../assignment/assignment-routes.js';
import { createConvert } from '../convert/convert.js';
import type { Convert } from '../convert/types.js';
import type { ConvertOptions } from '../options/types.js';
import { secrets } from '../utils/option-checks.js';
import { type Command, Mistake } from './command.js';
import { nodeRoute } from './node-route.js';

const TOKENS = 'CONVERT_ASSIGNMENT_TOKENS';

const HELP = `npx convert-middleware serve [options]

Serves decisions and conversions to backends in any language, below /api/v1, and its health at /health.

  --project <file>   the project config, a JSON file; default: the project of CONVERT_SDK_KEY
  --port <number>    default 8080; 0 takes any free port
  --host <address>   default 127.0.0.1; 0.0.0.0 serves other machines

${TOKENS} has the tokens of the callers, separated by commas. Without it, a token is made for this run.`;

export const serve: Command = {
  summary: 'serves decisions to backends in any language',
  help: HELP,
  async run(args) {
    const { project, port, host } = optionsIn(args);
    if (project !== undefined && !existsSync(project)) throw new Mistake(`there is no file ${project}`);
    const given = tokensIn(process.env[TOKENS]);
    const tokens = given.length === 0 ? [`exp_${randomBytes(12).toString('hex')}`] : given;
    const [problem] = secrets(tokens, TOKENS);
    if (problem !== undefined) throw new Mistake(problem.replace('option', 'variable'));
    const server = await startServer(project === undefined ? {} : { project }, { port, host, tokens });
    const { port: taken } = server.address() as AddressInfo;
    const lines = [`http://${host.includes(':') ? `[${host}]` : host}:${taken}/api/v1`];
    if (given.length === 0) lines.push(`${TOKENS} is not set: the token of this run is ${tokens[0]}`);
    process.stdout.write(`${lines.join('\n')}\n`);
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => endServer(server));
  },
};

/** Milliseconds that requests under way have at the end: the endpoint needs far less. */
const REQUEST_LIMIT = 2_000;

/**
 * Closes the server. A client that never ends its request must not hold up the events that are sent then: its
 * connection is cut when `limit` milliseconds are over.
 */
export function endServer(server: Server, limit = REQUEST_LIMIT): void {
  server.close();
  // The timer alone keeps no process running.
  setTimeout(() => server.closeAllConnections(), limit).unref();
}

/** The tokens of a list as people write it, with spaces, or a comma at its end. */
export const tokensIn = (list = ''): readonly string[] =>
  list
    .split(',')
    .map((token) => token.trim())
    .filter((token) => token !== '');

export interface ServeOptions {
  readonly port: number;
  readonly host: string;
  readonly tokens: readonly string[];
}

function optionsIn(args: readonly string[]): { project: string | undefined; port: number; host: string } {
  const { project, port = '8080', host = '127.0.0.1' } = parsed(args);
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw new Mistake(`--port must be a number from 0 to 65535 (given '${port}')`);
  return { project, port: Number(port), host };
}

function parsed(args: readonly string[]): { project?: string; port?: string; host?: string } {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({ args: [...args], options: { project: text, port: text, host: text } }).values;
  } catch (error) {
    throw new Mistake(`${(error as Error).message}\n\n${HELP}`);
  }
}

/**
 * Starts the server. When it closes, the events that wait are delivered, 5 s at most.
 *
 * @throws ConvertError for wrong options or tokens; a Mistake if the port is taken
 */
export async function startServer(
  options: ConvertOptions,
  { port, host, tokens }: ServeOptions,
): Promise<Server> {
  const convert = createConvert(options);
  try {
    const assignments = nodeRoute(assignmentRoutes(convert, { tokens }));
    const server = createServer((request, response) => {
      if (/^\/health(?:\?|$)/.test(request.url ?? '')) tellHealth(convert, response);
      else assignments(request, response);
    });
    await listening(server, port, host);
    return convert.closeWith(server);
  } catch (error) {
    await convert.close();
    throw error;
  }
}

function listening(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', ({ message }: Error) => reject(new Mistake(`can not listen: ${message}`)));
    server.listen(port, host, () => resolve());
  });
}

/** Healthy means that decisions can be made: a load balancer sends nothing here before. */
function tellHealth(convert: Convert, response: ServerResponse): void {
  const isReady = convert.stats().project.loadedAt !== undefined;
  response.writeHead(isReady ? 200 : 503, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
  });
  response.end(JSON.stringify({ status: isReady ? 'ok' : 'no project config has arrived yet' }));
}
