import { describe, expect, it } from 'vitest';
import { type PrivacySignals, signalReader } from '../../src/consent/privacy-signals.js';
import { incoming } from '../identity/support.js';

const GPC = { 'sec-gpc': '1' };
const DNT = { dnt: '1' };

interface Site {
  option?: PrivacySignals;
  settings?: Record<string, unknown> | undefined;
  country?: string | undefined;
  hasGeo?: boolean;
}

/** `denied by Sec-GPC`, `denied for now by Sec-GPC`; `nothing` where no signal counts. */
function told(headers: Record<string, string | string[]>, site: Site): string {
  const { option = 'project', settings, country, hasGeo = false } = site;
  const read = signalReader(option, { settings: () => settings, country: () => country, hasGeo });
  const said = read(incoming(headers));
  return said === undefined ? 'nothing' : `${said.answer}${said.provisional ? ' for now' : ''} by ${said.by}`;
}

describe('signals by the settings of the project', () => {
  it.each<[setting: unknown, country: string | undefined, counts: boolean]>([
    [undefined, 'DE', false],
    [null, 'DE', false],
    ['OFF', 'DE', false],
    ['OFF', undefined, false],
    ['EU ONLY', 'DE', true],
    ['EU ONLY', 'NO', false],
    ['EU ONLY', 'US', false],
    ['EU ONLY', undefined, true],
    ['EU ONLY', 'XX', true],
    ['EEA ONLY', 'DE', true],
    ['EEA ONLY', 'NO', true],
    ['EEA ONLY', 'CH', false],
    ['EEA ONLY', undefined, true],
    ['Worldwide', 'US', true],
    ['Worldwide', undefined, true],
    ['a region of tomorrow', 'US', true],
  ])('%s, in %s: %s', (setting, country, counts) => {
    const gpc = { settings: { global_privacy_control: setting }, country };
    expect(told(GPC, gpc)).toBe(counts ? 'denied by Sec-GPC' : 'nothing');
    expect(told(DNT, gpc)).toBe('nothing');
    expect(told({}, gpc)).toBe('nothing');
    const dnt = { settings: { do_not_track: setting }, country };
    expect(told(DNT, dnt)).toBe(counts ? 'denied by DNT' : 'nothing');
    expect(told(GPC, dnt)).toBe('nothing');
  });

  it('each by its own, where both are sent', () => {
    const settings = { global_privacy_control: 'EU ONLY', do_not_track: 'Worldwide' };
    expect(told({ ...GPC, ...DNT }, { settings, country: 'DE' })).toBe('denied by Sec-GPC');
    expect(told({ ...GPC, ...DNT }, { settings, country: 'US' })).toBe('denied by DNT');
  });

  it('count for now where the country is not known, and may be the next time', () => {
    const settings = { global_privacy_control: 'EU ONLY', do_not_track: 'EEA ONLY' };
    for (const country of [undefined, 'XX']) {
      expect(told(GPC, { settings, country, hasGeo: true })).toBe('denied for now by Sec-GPC');
      expect(told(DNT, { settings, country, hasGeo: true })).toBe('denied for now by DNT');
      expect(told({ ...GPC, ...DNT }, { settings, country, hasGeo: true })).toBe('denied for now by Sec-GPC');
      const strict = { ...settings, do_not_track: 'Worldwide' };
      expect(told({ ...GPC, ...DNT }, { settings: strict, country, hasGeo: true })).toBe('denied by DNT');
    }
    expect(told(GPC, { settings, country: 'DE', hasGeo: true })).toBe('denied by Sec-GPC');
    expect(told(GPC, { settings, country: 'US', hasGeo: true })).toBe('nothing');
  });

  it('are unknown while nobody knows the settings', () => {
    expect(told(GPC, { settings: undefined })).toBe('unknown by Sec-GPC');
    expect(told(DNT, { settings: undefined })).toBe('unknown by DNT');
    expect(told({}, { settings: undefined })).toBe('nothing');
  });

  it('ask for the country only where a region is set', () => {
    const country = (): never => {
      throw new Error('asked');
    };
    for (const setting of [undefined, 'OFF', 'Worldwide']) {
      const settings = () => ({ global_privacy_control: setting });
      expect(() => signalReader('project', { settings, country, hasGeo: true })(incoming(GPC))).not.toThrow();
    }
    const settings = () => ({ global_privacy_control: 'EU ONLY' });
    expect(signalReader('project', { settings, country, hasGeo: true })(incoming())).toBeUndefined();
  });
});

describe('signals', () => {
  it('count always or never, if the app says so', () => {
    expect(told(GPC, { option: 'always' })).toBe('denied by Sec-GPC');
    expect(told(DNT, { option: 'always', settings: { do_not_track: 'OFF' } })).toBe('denied by DNT');
    expect(told({ ...GPC, ...DNT }, { option: 'never' })).toBe('nothing');
    expect(told({}, { option: 'always' })).toBe('nothing');
  });

  it.each(['1', '1, 1', '1,1'])('%j is one, of a client or proxy that sends it twice, too', (value) => {
    expect(told({ 'sec-gpc': value }, { option: 'always' })).not.toBe('nothing');
    expect(told({ dnt: value }, { option: 'always' })).not.toBe('nothing');
  });

  it.each<string | string[]>(['0', '', 'true', 'yes', ' 1', '1, 0', '11', []])(
    '%j is none: the header says 1 or nothing',
    (value) => {
      expect(told({ 'sec-gpc': value, dnt: value }, { option: 'always' })).toBe('nothing');
    },
  );
});

describe('the opt-out cookie of Convert', () => {
  it.each<PrivacySignals>(['project', 'always', 'never'])('counts with %s, before any header', (option) => {
    for (const value of ['true', '1', 'yes']) {
      const headers = { cookie: `a=1; _conv_prevent_tracking=${value}`, ...GPC };
      expect(told(headers, { option })).toBe('denied by _conv_prevent_tracking');
    }
  });

  it('is none where its value says so', () => {
    for (const value of ['false', '0', '']) {
      expect(told({ cookie: `_conv_prevent_tracking=${value}` }, { option: 'never' })).toBe('nothing');
    }
    expect(told({ cookie: 'x_conv_prevent_tracking=true' }, { option: 'never' })).toBe('nothing');
  });
});
