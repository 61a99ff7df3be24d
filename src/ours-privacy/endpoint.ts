/** Calls the endpoint: within a time limit, never twice for one question, and not while it is down. */
import { MAX_RETRY_AFTER, parseRetryAfter } from '../utils/backoff.js';
import { codeOf } from '../utils/errors.js';
import type { Logger } from '../utils/logger.js';
import { oncePerCode } from '../utils/logger.js';
import { logWarning } from '../utils/operator-log.js';
import { type BegunCall, CallHealth, type EndpointFailure } from './call-health.js';
import type { OursCall, OursFetch, OursRequest, OursResponse } from './types.js';

/** The longest answer that is read: the endpoint's are under a kilobyte. */
const MAX_BYTES = 64 * 1024;

export interface EndpointCall<Answer> {
  readonly kind: OursCall;
  readonly path: string;
  readonly content: object;
  /** Milliseconds. */
  readonly timeout: number;
  /** Reads the body; undefined if it is not what the endpoint promises, which is a failure like others. */
  readonly read: (body: unknown) => Answer | undefined;
}

interface Failed {
  readonly value: undefined;
  readonly failure: EndpointFailure;
  /** The code or the name of the error, for the log. */
  readonly cause?: string;
  /** Milliseconds until the endpoint takes calls again, as it says. */
  readonly wait?: number | undefined;
}

/** What was read in the body of an answer, or why there is nothing. */
export type EndpointAnswer<Answer> = { readonly value: Answer; readonly failure: undefined } | Failed;

const BY_STATUS: Readonly<Record<number, EndpointFailure>> = {
  401: 'unauthorized',
  403: 'unauthorized',
  404: 'not-found',
  408: 'server-error',
  429: 'rate-limited',
};

/** Only what is the endpoint's own failure is an outage: a request that it refuses must not stop those of others. */
const failureOf = (status: number): EndpointFailure =>
  BY_STATUS[status] ?? (status >= 500 ? 'server-error' : 'bad-request');

/** Mistakes in the app: the operator has to mend them. */
const MISTAKES: Readonly<Partial<Record<EndpointFailure, string>>> = {
  'bad-request':
    'the endpoint refuses a request (400 or the like): look at the experiment key, and the option `endpoint`',
  unauthorized: 'the endpoint refuses the token (401 or 403): look at the option `token`, or `trackToken`',
};

/** Failures of the endpoint or of the way to it. Several in a row pause the calls. */
const OUTAGES: ReadonlySet<EndpointFailure> = new Set([
  'server-error',
  'timeout',
  'unreachable',
  'bad-answer',
]);

/** What a call that fails costs. */
const COSTS: Readonly<Record<OursCall, string>> = {
  assign: 'visitors get the default',
  personalizations: 'visitors get no personalizations',
  track: 'events are lost',
};

const failed = (failure: EndpointFailure, more?: Pick<Failed, 'cause' | 'wait'>): Failed => ({
  value: undefined,
  failure,
  ...more,
});

/**
 * Next.js up to 14 caches what `fetch` has posted, too. Workers with a `compatibility_date` before 2024-11-11 have no
 * `cache`, and their `fetch` throws if it is given.
 */
const uncached = (): Pick<OursRequest, 'cache'> =>
  typeof Request === 'function' && 'cache' in Request.prototype ? { cache: 'no-store' } : {};

/** `fetch` of Node throws a TypeError whose `cause` has the code. What the errors say is not ours, and not told. */
const causeOf = (error: unknown): string =>
  codeOf(error instanceof Error && error.cause instanceof Error ? error.cause : error);

export class OursEndpoint {
  readonly #origin: string;
  readonly #fetch: OursFetch;
  readonly #logger: Logger;
  readonly #once = oncePerCode();
  /** Each kind of call fails for itself: one may have another token, another limit, or another server behind it. */
  readonly #health: Readonly<Record<OursCall, CallHealth>> = {
    assign: new CallHealth(),
    personalizations: new CallHealth(),
    track: new CallHealth(),
  };

  constructor(origin: string, send: OursFetch, logger: Logger) {
    this.#origin = origin.replace(/\/+$/, '');
    this.#fetch = send;
    this.#logger = logger;
  }

  /** Milliseconds until the next call of each kind is made; 0 if calls are made. */
  get pauses(): Readonly<Record<OursCall, number>> {
    const { assign, personalizations, track } = this.#health;
    return { assign: assign.pause, personalizations: personalizations.pause, track: track.pause };
  }

  /**
   * Posts once. Resolves within `timeout` milliseconds.
   *
   * @throws if the body can't be JSON, which is no outage
   */
  async post<Answer>(call: EndpointCall<Answer>): Promise<EndpointAnswer<Answer>> {
    const { kind, content, timeout } = call;
    const body = JSON.stringify(content);
    const begun = this.#health[kind].begin(timeout);
    if (typeof begun === 'string') return failed(begun);
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<Failed>((resolve) => {
      timer = setTimeout(() => {
        resolve(failed('timeout'));
        abort.abort();
      }, timeout);
    });
    const answer = await Promise.race([this.#ask(call, body, abort.signal), late]);
    clearTimeout(timer);
    this.#note(answer, call, begun);
    return answer;
  }

  async #ask<Answer>(
    { path, read }: EndpointCall<Answer>,
    body: string,
    signal: AbortSignal,
  ): Promise<EndpointAnswer<Answer>> {
    let response: OursResponse;
    let text: string | undefined;
    try {
      response = await this.#fetch(`${this.#origin}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body,
        redirect: 'manual',
        ...uncached(),
        signal,
      });
      text = await textOf(response);
    } catch (error) {
      return failed('unreachable', { cause: causeOf(error) });
    }
    if (response.status !== 200)
      return failed(failureOf(response.status), {
        wait: response.status === 429 ? waitOf(response.headers) : undefined,
      });
    const value = text === undefined ? undefined : read(parsed(text));
    return value === undefined ? failed('bad-answer') : { value, failure: undefined };
  }

  #note(answer: EndpointAnswer<unknown>, { kind, path }: EndpointCall<unknown>, begun: BegunCall): void {
    const health = this.#health[kind];
    const { failure } = answer;
    const mistake = failure === undefined ? undefined : MISTAKES[failure];
    if (mistake !== undefined)
      // A request that is refused may be wrong in one experiment only, whose key is in the path.
      this.#once(failure === 'bad-request' ? path : failure!, () =>
        logWarning(this.#logger, 'CONVERT_OURS_REFUSED', `Ours Privacy: ${mistake} (${path})`, 'error'),
      );
    if (failure === 'rate-limited') {
      health.limited(begun, answer.wait);
      this.#once(`429 ${kind}`, () =>
        this.#warn(`too many calls of ${kind}() (429): ${COSTS[kind]} until the endpoint takes calls again`),
      );
    } else if (failure !== undefined && OUTAGES.has(failure)) {
      const why = answer.cause === undefined ? failure : `${failure}: ${answer.cause}`;
      if (health.failed(begun, failure))
        this.#warn(`${kind}() gets no answer from the endpoint (${why}): ${COSTS[kind]}`);
    } else if (health.succeeded(begun))
      this.#logger.info?.(`convert: Ours Privacy: the endpoint answers again (${kind})`);
  }

  #warn(message: string): void {
    logWarning(this.#logger, 'CONVERT_OURS_OUTAGE', `Ours Privacy: ${message}`);
  }
}

/** Returns the milliseconds that a 429 asks for, at most five minutes. */
function waitOf(headers: OursResponse['headers']): number | undefined {
  const milliseconds = Number(headers.get('retry-after-ms') ?? Number.NaN);
  if (milliseconds >= 0) return Math.min(milliseconds, MAX_RETRY_AFTER);
  const [after, date] = [headers.get('retry-after'), headers.get('date')];
  return parseRetryAfter(after ?? undefined, Date.now(), date ?? undefined);
}

/** Returns undefined for what is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Reads an answer; undefined if it is too long. */
async function textOf({ body }: OursResponse): Promise<string | undefined> {
  if (body === null) return '';
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > MAX_BYTES) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
