/** Fetches the project config from Convert's config endpoint, again and again at an interval. */
import { type Backoff, backoffDelay, DEFAULT_BACKOFF, parseRetryAfter } from '../../utils/backoff.js';
import { asConvertError } from '../../utils/errors.js';
import { nodeDigests } from '../../utils/node/digests.js';
import { agentOf, transportOr } from '../../utils/node/http-agent.js';
import type { TransportOption } from '../../utils/transport-option.js';
import { type Timer, unrefTimeout } from '../../utils/node/timers.js';
import { cacheKey } from '../cache/cache-key.js';
import { FallbackConfig, type CacheTimes } from '../cache/fallback-config.js';
import type { ProjectCache } from '../cache/types.js';
import type { ProjectSink, ProjectSource } from '../types.js';
import { ChangeDetector } from './change-detector.js';
import { ConfigEndpoint, type ConfigEndpointOptions } from './config-endpoint.js';
import { digestOf } from './digest.js';
import type { Answer, Get } from './get.js';

export interface HttpSourceOptions extends ConfigEndpointOptions {
  /** Milliseconds between two fetches, give or take 10 %. Default 300,000. */
  refreshInterval?: number;
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

/**
 * Makes a source that fetches the config at once, then at the interval. After a failure of any kind the last config
 * stays in force, and the source tries again for ever. It does not keep the process alive.
 *
 * @throws ConvertError `CONVERT_BAD_OPTION` for a key, a secret or an environment that cannot be sent
 */
export function httpSource(options: HttpSourceOptions): ProjectSource {
  const { refreshInterval = 300_000, backoff = DEFAULT_BACKOFF, random = Math.random } = options;
  const endpoint = new ConfigEndpoint(options, () => clientOf(options.transport));
  const { description, maxBytes, pin } = endpoint;
  const stopped = new AbortController();
  let timer: Timer | undefined;
  let fallback: FallbackConfig | undefined;

  function begin(sink: ProjectSink): void {
    const detector = new ChangeDetector(sink, { limits: { maxBytes }, pin, digestOf });
    let failures = 0;
    if (options.cache !== undefined) {
      const key = cacheKey(nodeDigests, endpoint.url, options.sdkKey, options.sdkKeySecret);
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
        const { signal } = stopped;
        answer = await endpoint.ask(etag, signal);
        if (!pin.isSet) await fallback?.setPin();
        if (signal.aborted) return 0;
        const isTaken = endpoint.receive(answer, etag, detector);
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

  return {
    description,
    draft: (experienceId) => endpoint.draft(experienceId, stopped.signal),
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
async function clientOf(transport: TransportOption | undefined): Promise<Get> {
  if (transportOr(transport) === 'fetch') return (await import('./fetch-get.js')).fetchGet;
  const { get } = await import('./http-get.js');
  const agent = agentOf(transport);
  return (url, options) => get(url, Object.assign({ agent }, options));
}

/** Milliseconds that the endpoint asks to wait. */
export function askedToWait(answer: Answer | undefined): number {
  if (!answer || !ASKS_TO_WAIT.has(answer.status)) return 0;
  return parseRetryAfter(answer.headers['retry-after'], Date.now(), answer.headers.date) ?? 0;
}
