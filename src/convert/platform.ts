/** What a Convert needs of the platform that it runs on. Each platform has one object of this kind. */
import type { Runtime } from '../context/runtime.js';
import type { ConvertEvents } from '../context/types.js';
import type { Outbox, OutboxOptions, Transport } from '../delivery/types.js';
import type { DeliveryOptions, ResolvedOptions } from '../options/types.js';
import type { ProjectSource } from '../project/types.js';
import type { Digests } from '../utils/digests.js';
import type { LoadableOutbox } from './late-outbox.js';

export interface Platform {
  readonly digests: Digests;
  /** Makes the id of a visitor: a UUID of version 4. */
  readonly newUuid: () => string;
  readonly scheduleCommit: Runtime['scheduleCommit'];
  /** Where monitoring tools listen that have no access to the instance. */
  readonly channels: EventChannels;
  /** Makes the source of the project config that the options ask for. */
  project(options: ResolvedOptions): ProjectSource;
  /** Makes the transport to the tracking endpoint. */
  transport(options: ResolvedOptions, delivery: DeliveryOptions): Transport;
  /** Makes the outbox of an app that has none of its own. */
  outbox(delivery: DeliveryOptions, options: OutboxOptions): LoadableOutbox;
  /** Makes what lets jobs begin at the speed at which their events leave. */
  jobs(outbox: Outbox): JobEntrance;
}

export interface EventChannels {
  hasSubscriber(name: keyof ConvertEvents): boolean;
  publish<Name extends keyof ConvertEvents>(name: Name, event: ConvertEvents[Name]): void;
}

export interface JobEntrance {
  /** The number of jobs so far that waited because over half of the outbox was full. */
  readonly waits: number;
  /** Returns a promise if the job has to wait: it resolves when the job may begin. */
  enter(): Promise<void> | undefined;
}
