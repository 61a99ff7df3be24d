/** Node, and runtimes that have its modules, as the platform of a Convert. */
import { lateTransport } from '../delivery/transports/late.js';
import type { Outbox, OutboxOptions, Transport } from '../delivery/types.js';
import type { DeliveryOptions, ResolvedOptions } from '../options/types.js';
import { resolveProject } from '../project/sources/resolve-source.js';
import { LazyModule } from '../utils/lazy-module.js';
import { nodeDigests } from '../utils/node/digests.js';
import { agentOf, transportOr } from '../utils/node/http-agent.js';
import { newUuid } from '../utils/node/uuid.js';
import { commitTogether } from './commit-turn.js';
import { diagnosticsChannels } from './diagnostics-channels.js';
import { JobGate } from './job-gate.js';
import { LateOutbox, type LoadableOutbox } from './late-outbox.js';
import type { Platform } from './platform.js';

export const NODE: Platform = {
  digests: nodeDigests,
  newUuid,
  scheduleCommit: commitTogether,
  channels: diagnosticsChannels,
  project: (options) =>
    resolveProject({
      project: options.project,
      projectCache: options.projectCache,
      sdkKey: options.sdkKey,
      sdkKeySecret: options.sdkKeySecret,
      environment: options.environment,
      endpoint: options.endpoints?.config,
      refreshInterval: options.refreshInterval,
      maxBytes: options.maxConfigBytes,
      transport: options.transport,
      debugToken: options.debugToken,
      cacheLevel: options.network?.cacheLevel,
    }),
  transport: transportOf,
  outbox: outboxOf,
  jobs: (outbox) => new JobGate(outbox),
};

const MEMORY = new LazyModule(() => import('../delivery/memory-outbox.js'));
const SPOOL = new LazyModule(() => import('../delivery/spool/spool-outbox.js'));

function outboxOf({ spool }: DeliveryOptions, options: OutboxOptions): LoadableOutbox {
  return spool === undefined
    ? whenLoaded(MEMORY, false, ({ memoryOutbox }) => memoryOutbox(options))
    : whenLoaded(SPOOL, true, ({ spoolOutbox }) => spoolOutbox(spool)(options));
}

/** Makes the outbox: at once, if its code is loaded already. */
function whenLoaded<Module>(
  code: LazyModule<Module>,
  outlives: boolean,
  make: (code: Module) => Outbox,
): LoadableOutbox {
  if (code.loaded !== undefined) return make(code.loaded);
  return new LateOutbox(outlives, async () => make(await code.get()));
}

function transportOf({ transport }: ResolvedOptions, { timeout }: DeliveryOptions): Transport {
  if (transportOr(transport) === 'fetch')
    return lateTransport(async () =>
      (await import('../delivery/transports/fetch.js')).fetchTransport({ timeout }),
    );
  const agent = agentOf(transport);
  return lateTransport(async () =>
    (await import('../delivery/transports/http.js')).httpTransport({ timeout, agent }),
  );
}
