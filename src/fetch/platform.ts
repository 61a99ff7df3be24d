/** Hosts with web standards as the platform of a Convert: nothing of Node, and nothing that outlives a request. */
import type { EventChannels, JobEntrance, Platform } from '../convert/platform.js';
import { fetchTransport } from '../delivery/transports/fetch.js';
import type { ResolvedOptions } from '../options/types.js';
import { cacheKey } from '../project/cache/cache-key.js';
import type { ProjectCache } from '../project/cache/types.js';
import { checkSdkKey } from '../project/endpoints.js';
import { ConfigEndpoint } from '../project/sources/config-endpoint.js';
import { fetchGet } from '../project/sources/fetch-get.js';
import { givenSource } from '../project/sources/given-source.js';
import type { ProjectSource } from '../project/types.js';
import { ConvertError } from '../utils/errors.js';
import { webDigests } from './digests.js';
import { OnDemandSource } from './on-demand-source.js';
import { FlushedOutbox } from './outbox.js';

const NO_CHANNELS: EventChannels = { hasSubscriber: () => false, publish() {} };
/** Jobs begin at once: no turn of the event loop is common to two of them. */
const OPEN: JobEntrance = { waits: 0, enter: () => undefined };

/** Makes the platform of an instance, whose source of the project config is `source`. */
export function webPlatform(source: ProjectSource): Platform {
  return {
    digests: webDigests,
    newUuid: () => crypto.randomUUID(),
    // No timer: a host may drop the timers of a request when it has the response.
    scheduleCommit: (work) => queueMicrotask(() => work.onTick()),
    channels: NO_CHANNELS,
    project: () => source,
    transport: (_options, { timeout }) => fetchTransport({ timeout }),
    outbox: ({ timeout }, options) =>
      new FlushedOutbox({ ...options, transport: () => fetchTransport({ timeout }) }),
    jobs: () => OPEN,
  };
}

/**
 * Makes the source of the project config that the options ask for.
 *
 * @throws ConvertError as `resolveProject` does
 */
export function webSource(options: ResolvedOptions): ProjectSource {
  const { project, projectCache, sdkKey, sdkKeySecret, endpoints, maxConfigBytes, network } = options;
  if (sdkKey !== undefined) checkSdkKey(sdkKey);
  if (project !== undefined) return givenSource(project);
  if (sdkKey === undefined)
    throw new ConvertError(
      'CONVERT_NO_PROJECT',
      'no project. Give one of: sdkKey, to fetch its config from Convert; project as a config object, or as a source',
    );
  const endpoint = new ConfigEndpoint(
    {
      sdkKey,
      sdkKeySecret,
      environment: options.environment,
      debugToken: options.debugToken,
      cacheLevel: network?.cacheLevel,
      endpoint: endpoints?.config,
      maxBytes: maxConfigBytes,
    },
    async () => fetchGet,
  );
  // Paths of folders are refused before.
  const cache = projectCache as ProjectCache | undefined;
  const key = cacheKey(webDigests, endpoint.url, sdkKey, sdkKeySecret);
  return new OnDemandSource({
    endpoint,
    interval: options.refreshInterval,
    cache: cache && { cache, key },
    digestOf: (body) => webDigests.sha256(body, 'base64'),
  });
}
