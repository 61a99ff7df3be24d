/** The names of the events of a Convert. */
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
