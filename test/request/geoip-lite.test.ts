import { describe, expect, it } from 'vitest';
import { geoipLite } from '../../src/geoip-lite.js';
import { createRequestReader } from '../../src/request/reader.js';
import { incoming } from './incoming.js';

describe('geoip-lite', () => {
  it('tells the country of an address once it is loaded', async () => {
    const errors: unknown[] = [];
    const reader = createRequestReader({ geo: geoipLite(), onError: (error) => errors.push(error) });
    const country = (ip: string): unknown =>
      reader.read(incoming({ ip }), { isNewVisitor: true }).visitor.get('country');
    expect(country('8.8.8.8')).toBeUndefined();
    await reader.load();
    expect(country('8.8.8.8')).toBe('US');
    expect(country('::ffff:8.8.8.8')).toBe('US');
    expect(country('::ffff:808:808')).toBe('US');
    expect(country('2001:4860:4860::8888')).toBe('US');
    expect(country('127.0.0.1')).toBeUndefined();
    expect(country('10.1.2.3')).toBeUndefined();
    expect(country('::1')).toBeUndefined();
    expect(country('not an address')).toBeUndefined();
    expect(country('')).toBeUndefined();
    expect(errors).toEqual([]);
  });

  it('tells more than the country', async () => {
    const reader = geoipLite();
    await reader.load?.({ failing: () => undefined, recovered: () => undefined });
    const place = reader.read(incoming({ ip: '81.2.69.142' }));
    expect(place).toEqual({
      country: 'GB',
      region: 'ENG',
      city: expect.any(String) as string,
      timezone: 'Europe/London',
    });
  });
});
