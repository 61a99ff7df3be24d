/** What holds while a version of this package with other formats is rolled out, or back, beside the one before. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { temporaryFolder } from '../support/folder.js';
import { sharedRedis } from '../support/redis.js';
import { installTwoVersions, playTwoVersions, type TwoVersions } from './two-versions.js';

interface Case {
  /** The version that visitors come to first. */
  readonly first: 'current' | 'next';
  /** Where events wait. */
  readonly place: 'Redis' | 'a spool';
}

export function twoVersionsSuite(cases: readonly Case[], visitors: number): void {
  const redis = sharedRedis();
  const parent = temporaryFolder('two-versions', afterAll);
  let versions: TwoVersions;
  beforeAll(async () => {
    versions = await installTwoVersions(parent);
  });

  it.each(cases)('on $place, with visitors who come to the $first one first', async ({ first, place }) => {
    const { current, next } = versions;
    const outcome = await playTwoVersions({
      redis,
      apps: first === 'current' ? [current, next] : [next, current],
      ...(place === 'a spool' && { spool: temporaryFolder('two-versions-spool') }),
      prefix: `${first}-${place.replace(' ', '')}`,
      visitors,
    });
    expect(outcome).toMatchObject({ moved: [], lost: [], doubled: [] });
    // The old version has met what it does not know, has counted it, and has told each kind once.
    const index = first === 'current' ? 0 : 1;
    const { cookies, state } = outcome.stats[index]!;
    expect(cookies!.unknownFormat).toBeGreaterThan(0);
    expect(state!.unknownFormat).toBeGreaterThan(0);
    const log = outcome.logs[index]!;
    expect(log.match(/has an unknown format/g)).toHaveLength(1);
    expect(log.match(/a newer version of this package has written the state/g)).toHaveLength(1);
    expect(outcome.stats[1 - index]).toMatchObject({
      cookies: { unknownFormat: 0 },
      state: { unknownFormat: 0 },
    });
    // Each has left the events of the other one to it.
    expect(outcome.heirs.some(({ delivery }) => delivery.otherFormats === 1)).toBe(true);
  });
}
