import { expect, it } from 'vitest';
import { createLedger } from '../../src/delivery/ledger.js';
import { StorageHealth } from '../../src/delivery/storage-health.js';

function reported(): { health: StorageHealth; told: string[] } {
  const told: string[] = [];
  const ledger = createLedger({
    delivered() {},
    dropped() {},
    error: ({ code, message }) => told.push(`${code}: ${message}`),
    recovered: (message) => told.push(message),
  });
  const texts = {
    failing: (code: string) => `fails (${code})`,
    worksAgain: 'works',
    met: (code: string) => code,
    otherFormats: 'other formats',
  };
  return { health: new StorageHealth(ledger, { min: 1_000, max: 3_000 }, texts), told };
}

const failure = (code: string): Error => Object.assign(new Error('of a disk'), { code });

it('tells an outage once and its end once, and a second outage again', () => {
  const { health, told } = reported();
  health.succeeded();
  health.failed(failure('EIO'));
  expect([health.isFailing, health.delay]).toEqual([true, 1_000]);
  health.failed(failure('ENOSPC'));
  expect(health.delay).toBe(2_000);
  expect(told).toEqual(['CONVERT_SPOOL: convert: fails (EIO)']);
  health.succeeded();
  health.succeeded();
  expect(health.isFailing).toBe(false);
  expect(told.slice(1)).toEqual(['works']);
  health.failed(failure('EIO'));
  expect(told.slice(2)).toEqual(['CONVERT_SPOOL: convert: fails (EIO)']);
});

it('tells other errors once for each code, and nothing after the end', () => {
  const { health, told } = reported();
  health.met(failure('ENOENT'));
  health.met(failure('ENOENT'));
  health.met(failure('EACCES'));
  expect(told).toEqual(['CONVERT_SPOOL: convert: ENOENT', 'CONVERT_SPOOL: convert: EACCES']);
  health.end();
  health.failed(failure('EIO'));
  health.succeeded();
  expect(told).toHaveLength(2);
});
