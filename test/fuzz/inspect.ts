import type { ConvertContext } from '../../src/context/types.js';
import { CLICK_IDS } from '../../src/request/query-parameters.js';

/** In UTF-16 code units. A property that has no row is one that somebody has added: it is held to `OTHERS`. */
const LOCATION: Readonly<Record<string, number>> = {
  url: 8192,
  path: 8192,
  query: 8192,
  referrer: 8192,
  hostname: 260,
  protocol: 5,
};
const VISITOR: Readonly<Record<string, number>> = {
  userAgent: 512,
  country: 2,
  region: 128,
  city: 128,
  continent: 2,
  timezone: 128,
  device: 8,
  browser: 64,
  browserVersion: 13,
  os: 64,
  language: 35,
  visitorType: 9,
  campaign: 160,
  medium: 40,
  keyword: 80,
  sourceName: 80,
  ...Object.fromEntries(CLICK_IDS.map((name) => [name, 512])),
};
/** The ids of clicks are long ones. */
const OTHERS = 512;
const MAX_ID = 256;

/** What is wrong, in words. */
export function violations(context: ConvertContext): string[] {
  const wrong: string[] = [];
  const sets = [
    ['location', context.locationProperties, LOCATION],
    ['visitor', context.visitorProperties, VISITOR],
  ] as const;
  for (const [kind, properties, caps] of sets) {
    if (Object.getPrototypeOf(properties) !== Object.prototype)
      wrong.push(`${kind} properties have another prototype`);
    if (!Object.isFrozen(properties)) wrong.push(`${kind} properties can be changed`);
    for (const [name, value] of Object.entries(properties)) {
      wrong.push(...tooLong(`${kind} ${name}`, value, Object.hasOwn(caps, name) ? caps[name]! : OTHERS));
    }
  }
  wrong.push(...tooLong('visitorId', context.visitorId, MAX_ID));
  if (!['granted', 'denied', 'unknown'].includes(context.consent)) wrong.push('consent is none');
  return wrong;
}

function tooLong(name: string, value: unknown, max: number): string[] {
  if (typeof value === 'boolean' || typeof value === 'number') return [];
  if (Array.isArray(value))
    return value.length > 8
      ? [`${name} has ${value.length} values`]
      : value.flatMap((each) => tooLong(name, each, max));
  if (typeof value !== 'string') return [`${name} is ${typeof value}`];
  return value.length > max ? [`${name} has ${value.length} characters`] : [];
}
