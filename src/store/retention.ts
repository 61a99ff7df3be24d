/** Defines the options that say how long a store that outlives the process keeps a visitor. */
import { between } from '../utils/option-checks.js';
import { asObject } from '../utils/objects.js';

export interface RetentionOptions {
  /** Milliseconds for which a visitor is remembered who does not come back. Default 31536000000 (365 days). */
  maxAge?: number;
  /**
   * Milliseconds for which a visitor is remembered whose generated id has not come back. Default 1800000 (30 minutes).
   */
  ephemeralAge?: number;
}

const DAY = 24 * 60 * 60 * 1000;

export const RETENTION_OPTIONS = {
  maxAge: between(1_000, 10 * 365 * DAY, 'milliseconds'),
  ephemeralAge: between(1, 365 * DAY, 'milliseconds'),
};

export function retentionOf(options: RetentionOptions): Required<RetentionOptions> {
  const { maxAge, ephemeralAge } = asObject(options);
  return { maxAge: maxAge ?? 365 * DAY, ephemeralAge: ephemeralAge ?? 30 * 60 * 1000 };
}
