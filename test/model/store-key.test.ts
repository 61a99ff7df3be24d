import { describe, expect, it } from 'vitest';
import { storeKeys } from '../../src/model/store-key.js';
import { testProject } from '../support/project.js';

const config = testProject();

describe('store keys', () => {
  it('F6: of ids with halves of surrogate pairs differ, and can be written as UTF-8', () => {
    // A name that was cut in the middle of an emoji. As UTF-8, all these halves are the same character, U+FFFD.
    const ids = [
      'a\ud83d',
      'a\ud83e',
      'a\ufffd',
      '\udc00a',
      String.raw`"a\ud83d"`,
      '"a\\ud83d"',
      'a\u{1F600}',
    ];
    for (const hasAppIds of [true, false]) {
      const keys = storeKeys(hasAppIds, () => false);
      const all = [...new Set(ids)].flatMap((id) => keys.all(config, id));
      expect(all.filter((key) => !key.isWellFormed())).toEqual([]);
      expect(new Set(all.map((key) => Buffer.from(key).toString())).size).toBe(all.length);
    }
  });

  it('are those of the official SDK for all other ids', () => {
    const keys = storeKeys(false, () => false);
    for (const id of ['42', 'ü\u{1F600}', '~json-"a"'])
      expect(keys.of(config, id, 'cookie')).toBe(`1001-2002-${id}`);
  });
});
