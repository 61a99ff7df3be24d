/** A table of hosting platforms: the headers in which each tells the place of a visitor. */
import { isObject, ownValue } from '../../utils/objects.js';
import { clip, headerDecoded, utf8Repaired } from '../text-decoding.js';
import type { GeoDocument, GeoFact, GeoHeaders } from './types.js';

export type GeoPlatform = 'cloudflare' | 'vercel' | 'cloudfront' | 'netlify' | 'appengine' | 'akamai';

/**
 * The headers by platform, from the vendors' documentation. Cloudflare writes `XX` for an unknown country, `T1` for
 * Tor, and text as bytes of UTF-8. It sends more than the country once the managed transform "Add visitor location
 * headers" is on. Vercel and CloudFront percent-encode characters beyond ASCII. CloudFront sends the headers that the
 * origin request policy names; for requests from within AWS it sends the country only. App Engine writes in lower case,
 * and `ZZ` or `?` for an unknown place.
 */
export const GEO_PLATFORMS: Readonly<Record<GeoPlatform, GeoHeaders | GeoDocument>> = {
  cloudflare: {
    country: 'cf-ipcountry',
    region: 'cf-region-code',
    city: 'cf-ipcity',
    continent: 'cf-ipcontinent',
    timezone: 'cf-timezone',
  },
  vercel: {
    country: 'x-vercel-ip-country',
    region: 'x-vercel-ip-country-region',
    city: 'x-vercel-ip-city',
    continent: 'x-vercel-ip-continent',
    timezone: 'x-vercel-ip-timezone',
  },
  cloudfront: {
    country: 'cloudfront-viewer-country',
    region: 'cloudfront-viewer-country-region',
    city: 'cloudfront-viewer-city',
    timezone: 'cloudfront-viewer-time-zone',
  },
  netlify: { header: 'x-nf-geo', parse: parseNetlify },
  appengine: { country: 'x-appengine-country', region: 'x-appengine-region', city: 'x-appengine-city' },
  akamai: { header: 'x-akamai-edgescape', parse: parseEdgescape },
};

const MAX_DOCUMENT = 4096;

/** Parses Netlify's header: base64 of JSON, or plain JSON if an edge function passed it on. Throws on anything else. */
function parseNetlify(text: string): ReturnType<GeoDocument['parse']> {
  const bounded = clip(text, MAX_DOCUMENT);
  const json: unknown = JSON.parse(utf8Repaired(bounded.startsWith('{') ? bounded : atob(bounded)));
  return {
    country: field(field(json, 'country'), 'code'),
    region: field(field(json, 'subdivision'), 'code'),
    city: field(json, 'city'),
    timezone: field(json, 'timezone'),
  };
}

function field(value: unknown, name: string): unknown {
  return isObject(value) ? ownValue(value, name) : undefined;
}

const EDGESCAPE_FIELDS: ReadonlyMap<string, GeoFact> = new Map([
  ['country_code', 'country'],
  ['region_code', 'region'],
  ['city', 'city'],
  ['continent', 'continent'],
]);

/**
 * Parses `country_code=US,region_code=CA,...`. The field `timezone` is left out, since its value is not a name of the
 * IANA database (`PST`).
 */
function parseEdgescape(text: string): ReturnType<GeoDocument['parse']> {
  const given = new Map<GeoFact, string>();
  for (const pair of clip(text, MAX_DOCUMENT).split(',')) {
    const equals = pair.indexOf('=');
    const fact = EDGESCAPE_FIELDS.get(pair.slice(0, equals).trim());
    if (fact !== undefined) given.set(fact, pair.slice(equals + 1));
  }
  // Only the last value of each field is decoded: an attacker could send hundreds of values.
  return Object.fromEntries([...given].map(([fact, value]) => [fact, headerDecoded(value)]));
}
