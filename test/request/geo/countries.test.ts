import { describe, expect, it } from 'vitest';
import { isCountry, isInEconomicArea, isInUnion } from '../../../src/request/geo/countries.js';

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const all = [...letters].flatMap((first) => [...letters].map((second) => first + second));

describe('countries', () => {
  it('are those of ISO 3166-1, and Kosovo', () => {
    const names = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
    expect(all.filter(isCountry)).toHaveLength(250);
    // Every one has a name, so none is a misprint.
    expect(all.filter((code) => isCountry(code) && names.of(code) === undefined)).toEqual([]);
    for (const code of ['XX', 'ZZ', 'T1', 'EU', 'UK', 'AP', 'A1', 'us', '', '__proto__']) {
      expect(isCountry(code), code).toBe(false);
    }
  });

  it('are in the Union, or in the Economic Area only, or in neither', () => {
    const union = all.filter(isInUnion);
    expect(union).toHaveLength(27 + 7);
    expect(union.every(isCountry)).toBe(true);
    expect(all.filter((code) => isInEconomicArea(code) && !isInUnion(code))).toEqual(['IS', 'LI', 'NO']);
    expect(union.every(isInEconomicArea)).toBe(true);
    for (const code of ['GB', 'CH', 'US', 'TR', 'NC', 'PF', 'GL', 'FO']) {
      expect(isInEconomicArea(code), code).toBe(false);
    }
    for (const code of ['DE', 'FR', 'RE', 'AX']) expect(isInUnion(code), code).toBe(true);
  });
});
