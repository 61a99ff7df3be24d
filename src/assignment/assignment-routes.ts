/** `assignmentRoutes()`: lets backends in any language take decisions over HTTP. */
import type { RouteConvert } from '../convert/types.js';
import type { RouteRequest, RouteResponse } from '../model/http.js';
import { asConvertError, type ConvertError } from '../utils/errors.js';
import { assertOptions, secrets, shape, withMethods } from '../utils/option-checks.js';
import { later, refusal } from './answers.js';
import { fieldsOf, parsed } from './body.js';
import { type Endpoint, ENDPOINTS } from './endpoints.js';
import { secondsToWait } from './limits.js';
import { Tokens } from './tokens.js';
import type { AssignmentOptions, AssignmentRoutes, AssignmentStats } from './types.js';

/** The most bytes of a body. */
const MAX_BYTES = 16 * 1024;

const assignmentOptions = shape(
  {
    tokens: secrets,
    limits: withMethods('a limiter of rate-limiter-flexible: an object with `consume`', 'consume'),
  },
  ['tokens'],
);
const aConvert = withMethods('what createConvert() returned', 'forVisitor', 'report', 'flush', 'standingOf');

const NO_ENDPOINT = refusal(404, 'there is no such endpoint');
const ONLY_POST = refusal(405, 'the method must be POST', { allow: 'POST' });
const TOO_LARGE = refusal(413, `the body has over ${MAX_BYTES} bytes`);
const NOT_JSON = refusal(400, 'the body must be a JSON object');
const NO_KEY = refusal(400, 'the key of the experiment in the path is not well encoded');
const BAD_TOKEN = refusal(401, '`token` is missing, or none of the tokens of this server');
const FAILED = refusal(500, 'an error in this server');

/** The answers to requests whose body can not be read, by their status. */
const UNREAD: Readonly<Record<number, RouteResponse>> = { 400: NOT_JSON, 413: TOO_LARGE };

class Routes {
  readonly #convert: RouteConvert;
  readonly #tokens: Tokens;
  readonly #limits: AssignmentOptions['limits'];
  readonly #statuses = new Map<number, number>();

  constructor(convert: RouteConvert, { tokens, limits }: AssignmentOptions) {
    this.#convert = convert;
    this.#tokens = new Tokens(tokens, convert.digests);
    this.#limits = limits;
  }

  /** Never rejects. */
  async handle(request: RouteRequest): Promise<RouteResponse> {
    const response = await this.#answer(request).catch((error: unknown) => {
      this.#convert.report(asConvertError(error, 'CONVERT_INTERNAL', 'an assignment failed'));
      return FAILED;
    });
    return this.#counted(response);
  }

  /** Answers a request whose body could not be read. */
  refuse(status: number): RouteResponse {
    return this.#counted(UNREAD[status] ?? FAILED);
  }

  #counted(response: RouteResponse): RouteResponse {
    this.#statuses.set(response.status, (this.#statuses.get(response.status) ?? 0) + 1);
    return response;
  }

  stats(): AssignmentStats {
    return { statuses: Object.fromEntries(this.#statuses) };
  }

  async #answer({ method, url, body, raw }: RouteRequest): Promise<RouteResponse> {
    const [path = ''] = url.split('?', 1);
    const found = endpointAt(path);
    if (found === undefined) return NO_ENDPOINT;
    if (method !== 'POST') return ONLY_POST;
    if (body.length > MAX_BYTES) return TOO_LARGE;
    const given = parsed(body);
    if (given === undefined) return NOT_JSON;
    const token = this.#tokens.nameOf(given.token);
    if (token === undefined) return BAD_TOKEN;
    if (this.#limits !== undefined) {
      const seconds = await secondsToWait(this.#limits, token, (error) => this.#convert.report(error));
      if (seconds !== undefined) return later(429, 'too many requests', seconds);
    }
    const { endpoint } = found;
    const key = decoded(found.key);
    if (key === undefined) return NO_KEY;
    const fields = fieldsOf(given, endpoint.fields, endpoint.required);
    if (typeof fields === 'string') return refusal(400, fields);
    return endpoint.answer({ convert: this.#convert, raw, body: fields, key });
  }
}

/** Returns the endpoint of a path, and the key that the path names, as it was sent; '' if it names none. */
function endpointAt(path: string): { endpoint: Endpoint; key: string } | undefined {
  for (const endpoint of ENDPOINTS) {
    const match = endpoint.path.exec(path);
    if (match !== null) return { endpoint, key: match[1] ?? '' };
  }
  return undefined;
}

/** Undefined if the escapes are malformed. */
function decoded(key: string): string | undefined {
  try {
    return key.includes('%') ? decodeURIComponent(key) : key;
  } catch {
    return undefined;
  }
}

/**
 * Makes the handler of the assignment endpoint: backends in any language take decisions from it, and count conversions,
 * for the visitors whose ids they send. It decides, stores and counts as `forVisitor` does, and speaks the contract of
 * Ours Privacy (https://docs.oursprivacy.com/docs/experimentation/server-side). Mount it with `route` of an adapter,
 * before any body parser.
 *
 * @example
 * ```js
 * import { route } from 'convert-middleware/express';
 * import { assignmentRoutes } from 'convert-middleware/assignment';
 *
 * const assignments = assignmentRoutes(convert, { tokens: process.env.ASSIGNMENT_TOKEN });
 * app.use('/api/v1', route(assignments));
 * ```
 *
 * @throws ConvertError `CONVERT_BAD_OPTION`
 */
export function assignmentRoutes(convert: RouteConvert, options: AssignmentOptions): AssignmentRoutes {
  assertOptions((value) => aConvert(value, 'convert'), convert);
  assertOptions(assignmentOptions, options);
  const routes = new Routes(convert, options);
  return Object.assign((request: RouteRequest) => routes.handle(request), {
    answersBelow: true as const,
    report: (error: ConvertError) => convert.report(error),
    logger: convert.logger,
    // A flush waits for the events of all requests.
    ...(convert.forVisitorWithin === undefined && { flush: () => convert.flush() }),
    refuse: (status: number) => routes.refuse(status),
    stats: () => routes.stats(),
  });
}
