/**
 * The events of a Convert on `node:diagnostics_channel`, for tools that know the process and not the instance:
 * `convert-middleware:delivered`, `convert-middleware:dropped`, `convert-middleware:error`, and so on for each event.
 */
import { channel, type Channel } from 'node:diagnostics_channel';
import type { ConvertEvents } from '../context/types.js';

const NAMES = ['ready', 'config', 'decision', 'conversion', 'delivered', 'dropped', 'error'] as const;

const channels = Object.fromEntries(
  NAMES.map((name) => [name, channel(`convert-middleware:${name}`)]),
) as Record<keyof ConvertEvents, Channel>;

export function hasSubscriber(name: keyof ConvertEvents): boolean {
  return channels[name].hasSubscribers;
}

/** To whoever subscribed. What a subscriber throws is an uncaught exception of the process: Node sees to that. */
export function publish<Name extends keyof ConvertEvents>(name: Name, event: ConvertEvents[Name]): void {
  if (channels[name].hasSubscribers) channels[name].publish(event);
}
