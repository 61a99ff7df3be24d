/** The names of the properties that every request may have, without those of the app. Rules match them verbatim. */

/** Properties of the page. */
export const LOCATION_NAMES = ['url', 'path', 'hostname', 'referrer', 'query', 'protocol'] as const;

/** Properties of the visitor, without the ids of clicks on ads. */
export const VISITOR_NAMES = [
  ...(['country', 'region', 'city', 'continent', 'timezone', 'eu', 'eea'] as const),
  ...(['device', 'desktop', 'mobile', 'tablet', 'browser', 'browserVersion', 'os', 'userAgent'] as const),
  ...(['language', 'visitorType', 'source', 'campaign', 'medium', 'keyword', 'sourceName'] as const),
  ...(['utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content'] as const),
] as const;
