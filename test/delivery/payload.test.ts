import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildPayload, envelopeBytes, serialise } from '../../src/delivery/payload.js';
import type { ReportSegments, VisitorEvent } from '../../src/model/tracking-event.js';
import type { Payload } from '../support/collector.js';
import { conversion, DESTINATION, exposure } from './fakes.js';

const OPTIONS = { enrichData: true, source: undefined };

function textOf(
  events: readonly VisitorEvent[],
  options: Parameters<typeof buildPayload>[2] = OPTIONS,
): string {
  return buildPayload(
    events.map((event) => serialise(event)),
    DESTINATION,
    options,
  );
}
const payloadOf = (...args: Parameters<typeof textOf>): Payload => JSON.parse(textOf(...args)) as Payload;

describe('the payload', () => {
  it('is what Convert documents', () => {
    const segments: ReportSegments = { country: 'US', browser: 'CH', devices: ['DESK'], visitorType: 'new' };
    const goalData = [
      { key: 'amount' as const, value: 10.5 },
      { key: 'transactionId' as const, value: 't1' },
    ];
    const events = [
      { ...exposure('v1'), segments },
      { ...conversion('v1', { bucketingData: { 1000: '5000' } }), segments },
      { ...conversion('v1', { goalData, bucketingData: { 1000: '5000' } }), segments },
    ];
    expect(payloadOf(events, { enrichData: true, source: 'convert-middleware' })).toEqual({
      enrichData: true,
      accountId: '10035569',
      projectId: '10034190',
      source: 'convert-middleware',
      visitors: [
        {
          visitorId: 'v1',
          segments,
          events: [
            { eventType: 'bucketing', data: { experienceId: '1000', variationId: '5000' } },
            { eventType: 'conversion', data: { goalId: '100322784', bucketingData: { 1000: '5000' } } },
            {
              eventType: 'conversion',
              data: { goalId: '100322784', goalData, bucketingData: { 1000: '5000' } },
            },
          ],
        },
      ],
    });
  });

  it('says what `enrichData` says, and names no source unless one is given', () => {
    expect(payloadOf([exposure('v1')], { enrichData: false, source: undefined })).toEqual({
      enrichData: false,
      accountId: '10035569',
      projectId: '10034190',
      visitors: [{ visitorId: 'v1', events: [exposure('v1').event] }],
    });
  });

  it('has one entry per visitor, in the order of their first event', () => {
    const ids = ['b', 'a', 'b', 'c', 'a', '__proto__', 'constructor', '__proto__'];
    const { visitors } = payloadOf(ids.map((id, n) => exposure(id, String(n))));
    expect(visitors.map(({ visitorId, events }) => [visitorId, events.length])).toEqual([
      ['b', 2],
      ['a', 2],
      ['c', 1],
      ['__proto__', 2],
      ['constructor', 1],
    ]);
  });

  it('begins a further entry where the segments of a visitor differ, and keeps the order', () => {
    const us: ReportSegments = { country: 'US' };
    const events = [
      { ...exposure('v1', '1'), segments: us },
      { ...exposure('v2', '2') },
      { ...exposure('v1', '3'), segments: { country: 'DE' } },
      { ...exposure('v1', '4'), segments: { country: 'US' } },
      { ...exposure('v1', '5'), segments: { country: 'US' } },
      { ...exposure('v1', '6'), segments: {} },
      { ...exposure('v1', '7') },
    ];
    const { visitors } = payloadOf(events);
    expect(
      visitors.map(({ visitorId, segments, events }) => [
        visitorId,
        segments?.country,
        events.map(({ data }) => 'experienceId' in data && data.experienceId).join(),
      ]),
    ).toEqual([
      ['v1', 'US', '1'],
      ['v2', undefined, '2'],
      ['v1', 'DE', '3'],
      ['v1', 'US', '4,5'],
      ['v1', undefined, '6,7'],
    ]);
  });

  it('shares the text of visitor and segments between events of one request', () => {
    const segments: ReportSegments = { country: 'US' };
    const first = { ...exposure('v1'), segments };
    const second = { ...conversion('v1'), segments };
    const before = { event: first, serialised: serialise(first) };
    expect(serialise(second, before)).toEqual(serialise(second));
    expect(serialise({ ...second, visitorId: 'v2' }, before)).toEqual(
      serialise({ ...second, visitorId: 'v2' }),
    );
    expect(serialise({ ...second, segments: {} }, before)).toEqual(serialise({ ...second, segments: {} }));
  });

  it('refuses to make text of what JSON cannot hold', () => {
    expect(() => serialise(exposure(7 as never))).toThrow(TypeError);
    expect(() => serialise({ visitorId: 'v', event: undefined as never })).toThrow(TypeError);
    expect(() => serialise(conversion('v', { goalData: 1n as never }))).toThrow(TypeError);
  });

  const text = fc.string({ unit: 'binary', maxLength: 20 });
  const data = text.map((value) => value.replace(/\p{Cc}+/gu, ' '));
  const loneSurrogates = fc.constantFrom('\ud800', 'a\udc00b', '"\\\u2028\u0000');
  const event = fc.record({
    visitorId: fc.oneof(fc.constantFrom('v1', 'v2'), text, loneSurrogates),
    segments: fc.option(fc.record({ country: fc.oneof(fc.constant('US'), data) }), { nil: undefined }),
    event: fc.oneof(
      fc
        .record({ experienceId: data, variationId: data })
        .map((ids) => ({ eventType: 'bucketing' as const, data: ids })),
      fc.record({ goalId: data }).map((ids) => ({ eventType: 'conversion' as const, data: ids })),
    ),
  });

  it('holds every event once, with its own segments, in order per visitor, whatever the ids', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), (events) => {
        const flat = payloadOf(events).visitors.flatMap(({ visitorId, segments, events: sent }) =>
          sent.map((each) => ({ visitorId, segments, event: each })),
        );
        const by = (all: readonly VisitorEvent[], id: string): unknown =>
          JSON.parse(JSON.stringify(all.filter((each) => each.visitorId === id)));
        expect(flat).toHaveLength(events.length);
        for (const { visitorId } of events) expect(by(flat, visitorId)).toEqual(by(events, visitorId));
      }),
    );
  });

  it('H3: has the size that its events and its envelope say, if each event has an entry of its own', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(event, { selector: ({ visitorId }) => visitorId, minLength: 1 }),
        (events) => {
          const serialised = events.map((each) => serialise(each));
          // Each event counts a comma, which the last one does not have.
          const bytes = serialised.reduce(
            (sum, each) => sum + each.bytes,
            envelopeBytes(DESTINATION, OPTIONS) - 1,
          );
          expect(Buffer.byteLength(buildPayload(serialised, DESTINATION, OPTIONS))).toBe(bytes);
        },
      ),
    );
  });

  it('E2: holds no control characters in segments or data', () => {
    const goalData = [{ key: 'transactionId' as const, value: 'a\u0000b\u001bc\u0085d\te' }];
    const segments: ReportSegments = { campaign: 'spring\n\u0007sale', customSegments: ['x\u007fy'] };
    const text = textOf([{ ...conversion('v1', { goalData }), segments }]);
    expect(text).not.toMatch(/\p{Cc}|\\u00|\\[bfnrt]/u);
    expect(text).toContain('"value":"a b c d e"');
    expect(text).toContain('"campaign":"spring sale"');
    // What is no control character stays as it is.
    expect(
      textOf([conversion('v1', { goalData: [{ key: 'transactionId', value: 'a\\b "ü" 😀' }] })]),
    ).toContain(JSON.stringify('a\\b "ü" 😀'));
  });

  it('is never larger than the sizes of its events and its envelope say', () => {
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 30 }),
        fc.option(text, { nil: undefined }),
        (events, source) => {
          const options = { enrichData: true, source };
          const serialised = events.map((each) => serialise(each));
          const bytes = serialised.reduce(
            (sum, each) => sum + each.bytes,
            envelopeBytes(DESTINATION, options),
          );
          expect(Buffer.byteLength(buildPayload(serialised, DESTINATION, options))).toBeLessThanOrEqual(
            bytes,
          );
        },
      ),
    );
  });
});
