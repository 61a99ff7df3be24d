/** The collector of the tests, inside of a worker: it answers, or hangs. */
import { setTimeout as sleep } from './node.js';
import type {
  CollectedEvent,
  Collector,
  CollectorOptions,
  Payload,
  RecordedRequest,
} from '../../support/collector.js';
import { serve } from './network.js';

export async function startCollector(): Promise<Collector> {
  let how: CollectorOptions = {};
  const events: CollectedEvent[] = [];
  const requests: RecordedRequest[] = [];
  const { url: origin, close } = serve(async (request) => {
    const text = await request.text();
    const body = JSON.parse(text) as Payload;
    requests.push({ method: request.method, url: request.url, text, body, status: 200 } as RecordedRequest);
    if (how.behaviour?.(requests.length) === 'hang') await sleep(60_000);
    for (const { visitorId, segments, events: sent } of body.visitors)
      for (const { eventType, data } of sent) events.push({ visitorId, segments, eventType, data });
    return Response.json({});
  });
  const collector: Pick<
    Collector,
    'origin' | 'events' | 'requests' | 'exposures' | 'conversions' | 'waitFor' | 'change' | 'close'
  > = {
    origin,
    events,
    requests,
    exposures: () => events.filter(({ eventType }) => eventType === 'bucketing'),
    conversions: () => events.filter(({ eventType }) => eventType === 'conversion'),
    async waitFor(predicate) {
      for (let n = 0; !predicate(collector as Collector); n++) {
        if (n > 1_000) throw new Error(`the collector waited in vain: ${requests.length} requests`);
        await sleep(5);
      }
    },
    change: (changes) => void (how = { ...how, ...changes }),
    close: async () => close(),
  };
  return collector as Collector;
}
