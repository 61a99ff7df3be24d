/** Calls the endpoint: within a time limit, never twice for one question, and not while it is down. */
import { backoffDelay, DEFAULT_BACKOFF, parseRetryAfter } from '../utils/backoff.js';
import { codeOf } from '../utils/errors.js';
import { HealthReporter } from '../utils/health-reporter.js';
import type { Logger } from '../utils/logger.js';
import { oncePerCode } from '../utils/logger.js';
import { logWarning } from '../utils/operator-log.js';
import type { OursFetch, OursReason, OursRequest, OursResponse } from './types.js';

/** The longest answer that is read: the endpoint's are under a kilobyte. */
const MAX_BYTES = 64 * 1024;
/** So many failures in a row pause the calls. One lost connection is no outage. */
const FAILURES = 3;

/** The reasons that come of a call; the others are known before it, or stand in the body. */
export type EndpointFailure = Exclude<
  OursReason,
  'assigned' | 'not-in-experiment' | 'no-visitor' | 'consent'
>;

/** The body of an answer, or why there is none. */
export type EndpointAnswer =
  | { readonly body: unknown; readonly failure: undefined }
  | {
      readonly body: undefined;
      readonly failure: EndpointFailure;
      /** The code or the name of the error, for the log. */
      readonly cause?: string | undefined;
    };

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

const failed = (failure: EndpointFailure, cause?: string): EndpointAnswer => ({
  body: undefined,
  failure,
  cause,
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

const wordsOf = (answer: EndpointAnswer): string =>
  [answer.failure, 'cause' in answer && answer.cause].filter(Boolean).join(': ');

interface Pause {
  /** Until then no call is made, in milliseconds of `performance.now()`. */
  readonly until: number;
  /** What the answer of a call is that is not made. */
  readonly failure: EndpointFailure;
}

export class OursEndpoint {
  readonly #origin: string;
  readonly #fetch: OursFetch;
  readonly #logger: Logger;
  readonly #once = oncePerCode();
  readonly #health = new HealthReporter();
  #pause: Pause | undefined;

  constructor(origin: string, send: OursFetch, logger: Logger) {
    this.#origin = origin.replace(/\/+$/, '');
    this.#fetch = send;
    this.#logger = logger;
  }

  /** Milliseconds until the next call is made; 0 if calls are made. */
  get pause(): number {
    return Math.max(0, (this.#pause?.until ?? 0) - performance.now());
  }

  /**
   * Posts once. Resolves within `timeout` milliseconds.
   *
   * @throws if the body can't be JSON, which is no outage
   */
  async post(path: string, content: object, timeout: number): Promise<EndpointAnswer> {
    const body = JSON.stringify(content);
    if (this.pause > 0) return failed(this.#pause!.failure);
    // While the endpoint is down, one call finds out whether it is back; others need not wait for that.
    if (this.#pause !== undefined) this.#pauseFor(timeout, this.#pause.failure);
    const before = this.#pause;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<EndpointAnswer>((resolve) => {
      timer = setTimeout(() => {
        resolve(failed('timeout'));
        abort.abort();
      }, timeout);
    });
    const answer = await Promise.race([this.#ask(path, body, abort.signal), late]);
    clearTimeout(timer);
    this.#note(answer, path, before);
    return answer;
  }

  async #ask(path: string, body: string, signal: AbortSignal): Promise<EndpointAnswer> {
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
      return failed('unreachable', causeOf(error));
    }
    if (response.status === 429) this.#pauseAsAsked(response.headers);
    if (response.status !== 200) return failed(failureOf(response.status));
    try {
      return text === undefined ? failed('bad-answer') : { body: JSON.parse(text), failure: undefined };
    } catch {
      return failed('bad-answer');
    }
  }

  #pauseAsAsked(headers: OursResponse['headers']): void {
    const milliseconds = Number(headers.get('retry-after-ms') ?? Number.NaN);
    const asked =
      milliseconds >= 0
        ? Math.min(milliseconds, DEFAULT_BACKOFF.max)
        : parseRetryAfter(
            headers.get('retry-after') ?? undefined,
            Date.now(),
            headers.get('date') ?? undefined,
          );
    this.#pauseFor(asked ?? this.#delay(), 'rate-limited');
  }

  /** @param before the pause when the call began */
  #note(answer: EndpointAnswer, path: string, before: Pause | undefined): void {
    const { failure } = answer;
    const mistake = failure === undefined ? undefined : MISTAKES[failure];
    if (mistake !== undefined)
      // A request that is refused may be wrong in one experiment only, whose key is in the path.
      this.#once(failure === 'bad-request' ? path : failure!, () =>
        logWarning(this.#logger, 'CONVERT_OURS_REFUSED', `Ours Privacy: ${mistake} (${path})`, 'error'),
      );
    if (failure === 'rate-limited') {
      if (this.pause === 0) this.#pauseFor(this.#delay(), 'rate-limited');
      this.#once('429', () =>
        logWarning(
          this.#logger,
          'CONVERT_OURS_OUTAGE',
          'Ours Privacy: too many calls (429): visitors get the default until the endpoint takes calls again',
        ),
      );
      return;
    }
    if (failure === undefined || !OUTAGES.has(failure)) {
      // A pause that began after this call knows more than its answer.
      if (this.#pause !== before) return;
      this.#pause = undefined;
      if (this.#health.succeeded()) this.#logger.info?.('convert: Ours Privacy: the endpoint answers again');
      return;
    }
    if (this.#health.failed())
      logWarning(
        this.#logger,
        'CONVERT_OURS_OUTAGE',
        `Ours Privacy: no answer from the endpoint (${wordsOf(answer)}): visitors get the default`,
      );
    if (this.#health.failures >= FAILURES) this.#pauseFor(this.#delay(), failure);
  }

  #pauseFor(milliseconds: number, failure: EndpointFailure): void {
    const until = performance.now() + milliseconds;
    // The failure of a call that was under way must not shorten what the endpoint has asked for.
    if (until > (this.#pause?.until ?? 0)) this.#pause = { until, failure };
  }

  #delay(): number {
    return backoffDelay(
      DEFAULT_BACKOFF,
      Math.max(1, this.#health.failures - FAILURES + 1),
      0.5 + Math.random() / 2,
    );
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
