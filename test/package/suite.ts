/** What every suite over the tarball is given. */
import { realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe } from 'vitest';
import { temporaryFolder } from '../support/folder.js';
import { sharedTarball, type Tarball } from './tarball.js';

export interface Packed {
  /** A folder that is removed at the end. */
  readonly temp: string;
  readonly tarball: Tarball;
}

/** The suites are declared before the tarball is there. */
export type WhenPacked = () => Packed;

/** Compilers and servers start by the dozen here, and other tests run beside them: milliseconds. */
const PATIENCE = 180_000;

/** A `describe` of what ships: the tarball, which suites unpack into the folders of apps as a package manager would. */
export function describeTarball(suites: (packed: WhenPacked) => void): void {
  describe('the tarball', { timeout: PATIENCE }, () => {
    const temp = temporaryFolder('package', afterAll, realpathSync(tmpdir()));
    let packed: Packed | undefined;
    beforeAll(async () => {
      packed = { temp, tarball: await sharedTarball() };
    }, PATIENCE);
    suites(() => {
      if (!packed) throw new Error('there is no tarball');
      return packed;
    });
  });
}
