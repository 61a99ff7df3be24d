import type { Adopted } from './adopted.js';
import type { SpoolLog } from './log.js';
import type { QueuedEvent } from '../queued-event.js';

export class Place {
  /** Its log, once it is stored there. */
  log: SpoolLog | Adopted | undefined;
  settled = false;

  constructor(
    public number: number,
    /** In memory until it is settled, and sent from there. */
    public retained: boolean,
  ) {}
}

export const placeOf = (event: QueuedEvent): Place => event.place as Place;
