import { expect, it } from 'vitest';
import { aliasCookie } from '../../../src/identity/cookies/alias-cookie.js';
import { UNSIGNED } from '../../../src/identity/cookies/id-signer.js';
import { incoming } from '../support.js';

const NOW = Date.UTC(2026, 10, 30);

it('F7: the alias cookie begins with its format; that of a newer one is left alone, and told', () => {
  const told: string[] = [];
  const cookie = aliasCookie(
    {},
    undefined,
    UNSIGNED,
    () => NOW,
    (name) => told.push(name),
  );
  const line = cookie.issue('first-device', incoming({}));
  expect(line).toMatch(/^cv_vid_next=1\.first-device\.[0-9a-z]+;/);
  const read = (value: string) =>
    cookie.read(
      incoming({ cookie: `cv_vid_next=${value}` }),
      { id: 'phone', signature: 'none' },
      UNSIGNED.check(),
    );
  const [value] = /(?<==)[^;]*/.exec(line)!;
  expect(read(value)).toMatchObject({ id: 'first-device', state: 'waits' });
  // As versions before have written it, with an id that looks like a number.
  expect(read(value.replace('1.first-device', '123'))).toMatchObject({ id: '123', state: 'waits' });
  expect(told).toEqual([]);
  expect(read(value.replace('1.', '99.'))).toBeUndefined();
  expect(told).toEqual(['cv_vid_next']);
});
