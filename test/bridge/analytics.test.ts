import { describe, expect, it } from 'vitest';
import { createBridge } from '../../src/bridge/bridge.js';
import { decision, HOSTILE, run, source } from './support.js';

/** As it is in another realm, whose prototypes are others. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const OTHER = decision({
  experienceKey: 'pricing',
  experienceId: '102',
  variationId: '1020',
  variationName: 'Original',
  isFirstExposure: false,
});
const UNCOUNTED = decision({ experienceId: '103', isExposed: false, isFirstExposure: false });
const bridge = createBridge(source({ decisions: [decision(), OTHER, UNCOUNTED] }, 'n1'));

describe('dataLayer()', () => {
  it('pushes what Convert pushes, for what is counted', () => {
    const { dataLayer } = run({ dataLayer: ['before'] }, bridge.dataLayer());
    expect(plain(dataLayer)).toEqual([
      'before',
      {
        event: 'convert-trigger-experiment-101',
        experiment_id: '101',
        variation_name: 'Version B',
        gadimension: '',
      },
      {
        event: 'convert-trigger-experiment-102',
        experiment_id: '102',
        variation_name: 'Original',
        gadimension: '',
      },
    ]);
  });

  it('makes the array, under the name that is given', () => {
    const page = run({}, bridge.dataLayer({ name: 'dataLayer4' }));
    expect(page.dataLayer4).toHaveLength(2);
    expect(page.dataLayer).toBeUndefined();
  });
});

describe('ga4()', () => {
  const FIRST = ['event', 'experience_impression', { exp_variant_string: 'CONV-101-1011' }];
  const SECOND = ['event', 'experience_impression', { exp_variant_string: 'CONV-102-1020' }];
  /** The calls of Google's snippet are the arguments of a function. */
  const calls = (page: Record<string, unknown>): unknown =>
    plain((page.dataLayer as ArrayLike<unknown>[]).map((each) => Array.from(each)));

  it('sends what Convert sends, to the tag of the page', () => {
    const seen: unknown[] = [];
    run({ gtag: (...given: unknown[]) => seen.push(given) }, bridge.ga4());
    expect(plain(seen)).toEqual([FIRST, SECOND]);
  });

  it('queues it where the tag comes later', () => {
    expect(calls(run({}, bridge.ga4()))).toEqual([FIRST, SECOND]);
  });

  it('sends first exposures only, if asked', () => {
    expect(calls(run({}, bridge.ga4({ firstExposureOnly: true })))).toEqual([FIRST]);
    const known = createBridge(source({ decisions: [OTHER] }));
    expect(known.ga4({ firstExposureOnly: true })).toBe('');
  });

  it('sends to one stream, if asked', () => {
    const [call] = calls(run({}, bridge.ga4({ sendTo: 'G-1' }))) as unknown[][];
    expect(call?.[2]).toEqual({ exp_variant_string: 'CONV-101-1011', send_to: 'G-1' });
  });
});

describe('trackingScript()', () => {
  it('names the visitor', () => {
    const { _conv_q: queue } = run({ _conv_q: ['before'] }, bridge.trackingScript());
    expect(plain(queue)).toEqual(['before', { what: 'identify', params: { visitorId: 'v1' } }]);
  });

  it('hands over the decisions that are counted, if asked', () => {
    const { _conv_q: queue } = run({}, bridge.trackingScript({ decisions: true }));
    expect(plain(queue)).toEqual([
      { what: 'identify', params: { visitorId: 'v1' } },
      { what: 'assignVariation', params: { experienceId: '101', variationId: '1011' } },
      { what: 'executeExperience', params: { experienceId: '101' } },
      { what: 'assignVariation', params: { experienceId: '102', variationId: '1020' } },
      { what: 'executeExperience', params: { experienceId: '102' } },
    ]);
  });
});

describe('all of them', () => {
  const METHODS = ['dataLayer', 'ga4', 'trackingScript'] as const;

  it.each(METHODS)('%s has the nonce', (method) => {
    expect(bridge[method]()).toMatch(/^<script nonce="n1">/);
    expect(bridge[method]({ nonce: 'n2' })).toMatch(/^<script nonce="n2">/);
  });

  it.each(METHODS)('%s writes nothing where nothing may be told', (method) => {
    const anonymous = createBridge(source({ visitorId: undefined, decisions: [UNCOUNTED] }));
    expect(anonymous[method]()).toBe('');
  });

  it.each(METHODS)('%s lets nothing out of its script', (method) => {
    const all = decision({ experienceId: HOSTILE, variationId: HOSTILE, variationName: HOSTILE });
    const hostile = createBridge(source({ visitorId: HOSTILE, decisions: [all] }));
    const script = hostile[method]({ name: HOSTILE, sendTo: HOSTILE, decisions: true });
    expect(script).toMatch(/^<script>[^<>&\u2028\u2029]*<\/script>$/);
    expect(() => run({}, script)).not.toThrow();
  });
});
