import { describe, expect, it } from 'vitest';
import { tcf, tcString } from '../../../src/consent/platforms/tcf.js';
import { incoming } from '../../identity/support.js';

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** A core of version 2 with these bits set. */
function core(...bits: number[]): string {
  const all = Array.from({ length: 264 }, (_, bit) => (bit === 4 || bits.includes(bit) ? '1' : '0')).join('');
  return (all.match(/.{6}/g) ?? []).map((six) => DIGITS[parseInt(six, 2)]).join('');
}

const consent = (purpose: number): number => 151 + purpose;
const interest = (purpose: number): number => 175 + purpose;
const ONE_TREATMENT = 200;

describe('a TC string', () => {
  it('has a bit of its own for each of 24 purposes, by consent and by legitimate interest', () => {
    for (let purpose = 1; purpose <= 24; purpose++) {
      const consents = tcString(core(consent(purpose)))!;
      const interests = tcString(core(interest(purpose)))!;
      for (let other = 1; other <= 24; other++) {
        expect(consents.hasConsent(other)).toBe(other === purpose);
        expect(consents.hasLegitimateInterest(other)).toBe(false);
        expect(interests.hasLegitimateInterest(other)).toBe(other === purpose);
        expect(interests.hasConsent(other)).toBe(false);
      }
    }
    expect(tcString(core())?.purposeOneTreatment).toBe(false);
    expect(tcString(core(ONE_TREATMENT))?.purposeOneTreatment).toBe(true);
  });

  it.each([
    ['another version', `B${core().slice(1)}`],
    ['a GPP string', `DBABMA~${core()}`],
    ['the head cut off', core().slice(0, 35)],
    ['what is no base64url', `${core().slice(0, 20)}=${core().slice(21)}`],
    ['nothing', ''],
  ])('is none: %s', (_name, text) => {
    expect(tcString(text)).toBeUndefined();
  });
});

describe('consent by TCF', () => {
  it.each<[string, string, number[]]>([
    ['granted', 'purposes 1 and 8', [consent(1), consent(8)]],
    ['granted', 'purpose 1, and 8 by legitimate interest', [consent(1), interest(8)]],
    [
      'denied',
      'purpose 1 by legitimate interest, which the framework does not know',
      [interest(1), consent(8)],
    ],
    ['denied', 'purpose 8 alone', [consent(8)]],
    ['denied', 'purpose 1 alone', [consent(1)]],
    ['denied', 'their neighbours', [2, 7, 9].flatMap((each) => [consent(each), interest(each)])],
    ['denied', 'nothing', []],
    ['unknown', 'purpose 8, where 1 was not asked for', [consent(8), ONE_TREATMENT]],
    ['granted', 'both, where 1 need not be asked for', [consent(1), consent(8), ONE_TREATMENT]],
    ['denied', 'nothing, where 1 was not asked for', [ONE_TREATMENT]],
  ])('%s: %s', (answer, _name, bits) => {
    const read = tcf.reader({});
    expect(read(incoming({ cookie: `euconsent-v2=${core(...bits)}.YAAAAAAAAAAA` }))).toBe(answer);
  });

  it('goes on to the other cookie where the first has no answer', () => {
    const read = tcf.reader({});
    const granted = `eupubconsent-v2=${core(consent(1), consent(8))}`;
    expect(read(incoming({ cookie: `euconsent-v2=true; ${granted}` }))).toBe('granted');
    expect(read(incoming({ cookie: `euconsent-v2=${core()}; ${granted}` }))).toBe('denied');
  });
});
