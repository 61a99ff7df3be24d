/**
 * Publishes the events of a Convert on `node:diagnostics_channel`, for monitoring tools that have no access to the
 * instance: `convert-middleware:delivered`, `convert-middleware:dropped`, and so on for each event.
 */
import { channel, type Channel } from 'node:diagnostics_channel';
import type { ConvertEvents } from '../context/types.js';

export const EVENT_NAMES = [
  'ready',
  'config',
  'decision',
  'exposure',
  'conversion',
  'delivered',
  'dropped',
  'error',
] as const satisfies readonly (keyof ConvertEvents)[];

const channels = Object.fromEntries(
  EVENT_NAMES.map((name) => [name, channel(`convert-middleware:${name}`)]),
) as Record<keyof ConvertEvents, Channel>;

export function hasSubscriber(name: keyof ConvertEvents): boolean {
  return channels[name].hasSubscribers;
}

/** Publishes an event. Node turns an exception of a subscriber into an uncaught exception of the process. */
export function publish<Name extends keyof ConvertEvents>(name: Name, event: ConvertEvents[Name]): void {
  if (channels[name].hasSubscribers) channels[name].publish(event);
}
