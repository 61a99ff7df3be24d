/** Report segments, in Convert's codes whatever words the rules use and whatever properties the app adds. */
import type { ReportSegments } from '../tracking.js';
import type { LazyProperties } from './properties.js';
import type { SharedFacts } from './shared-facts.js';
import { trafficSource } from './source.js';
import { urlHostname } from './target.js';

export function reportSegments(
  facts: SharedFacts,
  location: LazyProperties,
  visitor: LazyProperties,
): ReportSegments {
  const { country } = facts.place;
  const campaign = text(visitor, 'utm_campaign');
  const source = trafficSource({
    campaign,
    medium: text(visitor, 'utm_medium'),
    referrer: urlHostname(text(location, 'referrer') ?? ''),
    hostname: facts.hostname,
  });
  return Object.freeze({
    ...(country !== undefined && { country }),
    browser: facts.userAgent.browserCode,
    devices: facts.userAgent.deviceCodes as string[],
    source,
    ...(campaign !== undefined && { campaign }),
    visitorType: text(visitor, 'visitorType'),
  });
}

/** A text that is there and not empty. */
function text(properties: LazyProperties, name: string): string | undefined {
  return (properties.default(name) as string | undefined) || undefined;
}
