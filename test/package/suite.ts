/** What every suite over the tarball is given. */
import type { Tarball } from './tarball.js';

export interface Packed {
  /** A folder that is removed at the end. */
  readonly temp: string;
  readonly tarball: Tarball;
}

/** The suites are declared before the tarball is there. */
export type WhenPacked = () => Packed;
