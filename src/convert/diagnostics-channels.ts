/**
 * Publishes the events of a Convert on `node:diagnostics_channel`, for monitoring tools that have no access to the
 * instance: `convert-middleware:delivered`, `convert-middleware:dropped`, and so on for each event.
 */
import { channel, type Channel } from 'node:diagnostics_channel';
import type { ConvertEvents } from '../context/types.js';
import { EVENT_NAMES } from './event-names.js';
import type { EventChannels } from './platform.js';

const channels = Object.fromEntries(
  EVENT_NAMES.map((name) => [name, channel(`convert-middleware:${name}`)]),
) as Record<keyof ConvertEvents, Channel>;

export const diagnosticsChannels: EventChannels = {
  hasSubscriber: (name) => channels[name].hasSubscribers,
  // Node turns an exception of a subscriber into an uncaught exception of the process.
  publish(name, event) {
    if (channels[name].hasSubscribers) channels[name].publish(event);
  },
};
