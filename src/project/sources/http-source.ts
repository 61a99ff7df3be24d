/** Fetches the project config from Convert's config endpoint, again and again at an interval. */
import type { ProjectConfig } from '../../model/project-config.js';
import { type Backoff, backoffDelay, DEFAULT_BACKOFF, parseRetryAfter } from '../../utils/backoff.js';
import { asConvertError, ConvertError } from '../../utils/errors.js';
import { agentOf, transportOr } from '../../utils/node/http-agent.js';
import type { TransportOption } from '../../utils/transport-option.js';
import { unrefTimeout } from '../../utils/node/timers.js';
import { cacheKey } from '../cache/cache-key.js';
import { FallbackConfig, type CacheTimes } from '../cache/fallback-config.js';
import type { ProjectCache } from '../cache/types.js';
import { badOption, checkSdkKey, configUrl, DEFAULT_CONFIG_ENDPOINT } from '../endpoints.js';
import { MAX_CONFIG_BYTES } from '../config-limits.js';
import { parseProject } from '../parse-config.js';
import { ProjectPin } from '../project-pin.js';
import type { ProjectSink, ProjectSource } from '../types.js';
import { ChangeDetector } from './change-detector.js';
import type { Answer, get } from './http-get.js';

export interface HttpSourceOptions {
  /** `{accountId}/{projectId}`, as Convert shows it. */
  sdkKey: string;
  /** Sent as a bearer token, for projects that ask for it. Default none. */
  sdkKeySecret?: string;
  /** The environment whose experiences are fetched. Default: all (the official SDK's is `staging`). */
  environment?: string;
  /** A token that asks for drafts and paused experiences, too. Default none. */
  debugToken?: string;
  /** `low` asks for a config that is hardly cached. Default `default`. */
  cacheLevel?: 'default' | 'low';
  /** The base address of the config endpoint. Default `https://cdn-4.convertexperiments.com/api/v1/`. */
  endpoint?: string;
  /** Milliseconds between two fetches, give or take 10 %. Default 300,000. */
  refreshInterval?: number;
  /** The most milliseconds of one fetch, body included. Default 10,000. */
  timeout?: number;
  /** Largest config, in bytes, decompressed. Default 5 MiB. */
  maxBytes?: number;
  /** How requests are made. Default `node`; `fetch` on runtimes other than Node. */
  transport?: TransportOption;
  /** The waits between attempts after failures. Default 0.5 s, doubling up to 60 s, with full jitter. */
  backoff?: Backoff;
  /** Returns a random number from 0 up to 1, for the jitter of waits. Default `Math.random`. */
  random?: () => number;
  /** The cache that keeps the last good config. Default: none. */
  cache?: ProjectCache;
  cacheTimes?: CacheTimes;
}

/** Statuses whose `Retry-After` counts (RFC 9110 and RFC 6585). */
const ASKS_TO_WAIT = new Set([429, 503]);

const HINTS: Record<number, string> = {
  401: ' (check sdkKey and sdkKeySecret)',
  403: ' (check sdkKey and sdkKeySecret)',
  404: ' (check sdkKey)',
};

/**
 * Makes a source that fetches the config at once, then at the interval. After a failure of any kind the last config
 * stays in force, and the source tries again for ever. It does not keep the process alive.
 *
 * @throws ConvertError `CONVERT_BAD_OPTION` for a key, a secret or an environment that cannot be sent
 */
export function httpSource(options: HttpSourceOptions): ProjectSource {
  const {
    refreshInterval = 300_000,
    timeout = 10_000,
    maxBytes = MAX_CONFIG_BYTES,
    backoff = DEFAULT_BACKOFF,
    random = Math.random,
  } = options;
  const isFetch = transportOr(options.transport) === 'fetch';
  const agent = agentOf(options.transport);
  const base = options.endpoint ?? DEFAULT_CONFIG_ENDPOINT;
  const { debugToken, cacheLevel } = options;
  const environment = checkEnvironment(options.environment);
  const query = { environment, debugToken, lowCache: cacheLevel === 'low' };
  const sdkKey = checkSdkKey(options.sdkKey);
  const url = new URL(configUrl(base, sdkKey, query));
  const headers = {
    Accept: 'application/json',
    // This is the user agent of the official SDK, which Convert's endpoints know.
    'User-Agent': 'ConvertAgent/1.0',
    ...authorization(options.sdkKeySecret),
  };
  // The description leaves out the query, which is not needed to find a fault.
  const description = `config endpoint ${url.origin}${url.pathname}`;
  const stopped = new AbortController();
  const pin = new ProjectPin(sdkKey);
  let timer: NodeJS.Timeout | undefined;
  let fallback: FallbackConfig | undefined;

  function begin(sink: ProjectSink): void {
    const detector = new ChangeDetector(sink, { maxBytes }, pin);
    let failures = 0;
    if (options.cache !== undefined) {
      const key = cacheKey(url, sdkKey, options.sdkKeySecret);
      fallback = new FallbackConfig(options.cache, sink, detector, {
        key,
        pin,
        maxBytes,
        ...options.cacheTimes,
      });
    }

    async function attempt(): Promise<void> {
      const delay = await fetchOnce();
      if (!stopped.signal.aborted) timer = unrefTimeout(() => void attempt(), delay);
    }

    /** Returns the milliseconds until the next fetch. */
    async function fetchOnce(): Promise<number> {
      let answer: Answer | undefined;
      try {
        const { etag } = detector;
        const condition = etag === undefined ? {} : { 'If-None-Match': etag };
        const signal = stopped.signal;
        const request = await clientOf(isFetch);
        signal.throwIfAborted();
        answer = await request(url, {
          headers: { ...headers, ...condition },
          timeout,
          maxBytes,
          signal,
          agent,
        });
        if (!pin.isSet) await fallback?.setPin();
        if (signal.aborted) return 0;
        // If the request had no ETag, a 304 does not say that the config is unchanged.
        const isTaken =
          answer.status === 304 && etag !== undefined ? detector.confirm() : receive(answer, detector);
        failures = 0;
        if (isTaken) await fallback?.write(answer.status === 200 ? answer.body : undefined, detector.etag);
        else fallback?.use();
        // The interval varies by 10 %, so that processes that start together do not fetch together.
        return refreshInterval * (0.9 + 0.2 * random());
      } catch (error) {
        if (stopped.signal.aborted) return 0;
        failures += 1;
        sink.error(asConvertError(error, 'CONVERT_PROJECT_UNREACHABLE', `${description} failed`));
        fallback?.use();
        return backoffDelay(backoff, failures, random()) + askedToWait(answer);
      }
    }

    void attempt();
  }

  /** Passes on the config in an answer. Returns false if the repository did not take the config over. */
  function receive({ status, headers: { etag }, body }: Answer, detector: ChangeDetector): boolean {
    if (status !== 200) throw refusal(status);
    return detector.answer(body, etag, `the answer of ${description}`);
  }

  async function draft(experienceId: string): Promise<ProjectConfig | undefined> {
    const { signal } = stopped;
    const asked = new URL(configUrl(base, sdkKey, { ...query, experienceId }));
    const request = await clientOf(isFetch);
    signal.throwIfAborted();
    const { status, body } = await request(asked, { headers, timeout, maxBytes, signal, agent });
    if (status === 404) return undefined;
    if (status !== 200) throw refusal(status);
    const where = `the answer of ${description}`;
    const config = parseProject(body, where, { maxBytes });
    pin.check(config, where);
    return config;
  }

  function refusal(status: number): ConvertError {
    const redirect = status >= 300 && status < 400 && status !== 304;
    const hint = redirect
      ? ', a redirect; redirects are not followed (check endpoints.config)'
      : (HINTS[status] ?? '');
    return new ConvertError('CONVERT_PROJECT_UNREACHABLE', `${description} answered ${status}${hint}`);
  }

  return {
    description,
    draft,
    start(sink) {
      if (!stopped.signal.aborted) begin(sink);
    },
    stop() {
      stopped.abort();
      clearTimeout(timer);
      fallback?.stop();
    },
  };
}

/** Returns the client for requests. It is loaded with the first request, since a process needs one of the two. */
async function clientOf(isFetch: boolean): Promise<typeof get> {
  if (isFetch) return (await import('./fetch-get.js')).fetchGet;
  return (await import('./http-get.js')).get;
}

function askedToWait(answer: Answer | undefined): number {
  if (!answer || !ASKS_TO_WAIT.has(answer.status)) return 0;
  return parseRetryAfter(answer.headers['retry-after'], Date.now(), answer.headers.date) ?? 0;
}

function checkEnvironment(environment: unknown): string | undefined {
  if (environment === undefined || typeof environment === 'string') return environment;
  throw badOption('environment', `must be a text; it is of type ${typeof environment}`);
}

function authorization(secret: unknown): { Authorization?: string } {
  if (secret === undefined) return {};
  // The secret is checked here, because Node would refuse the header at every request.
  if (typeof secret === 'string' && /^[\x21-\x7e]+$/.test(secret))
    return { Authorization: `Bearer ${secret}` };
  throw badOption('sdkKeySecret', 'must be a text of printable ASCII characters without blanks');
}
