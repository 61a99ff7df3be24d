/** How a visitor came to the site, in the terms of Convert's reports and rules, and the session that keeps it. */

export const TRAFFIC_SOURCES = ['campaign', 'ai_tool', 'search', 'referral', 'direct'] as const;

export type TrafficSource = (typeof TRAFFIC_SOURCES)[number];

/**
 * The attribution of a visitor, filled in from the first request of a session as Convert does (support.convert.com,
 * "How Do You Fill Medium, Keyword and Source Name?"). A text that is unknown is ''.
 */
export interface Attribution {
  readonly source: TrafficSource;
  readonly campaign: string;
  readonly medium: string;
  readonly keyword: string;
  readonly sourceName: string;
}

/**
 * The number of UTF-8 bytes at which each text of an attribution is cut. The session cookie has room for that much. The
 * texts are cut on the first page already, so that all pages of a session see the same texts.
 */
export const ATTRIBUTION_BYTES = {
  campaign: 160,
  medium: 40,
  keyword: 80,
  sourceName: 80,
} as const satisfies Omit<Record<keyof Attribution, number>, 'source'>;

/** A session that began with an earlier request. */
export interface Session {
  /** True if this is the first session of its visitor. */
  readonly isFirst: boolean;
  /**
   * The attribution that the session keeps; undefined if the project keeps no referral data, so that each request has
   * an attribution of its own.
   */
  readonly attribution: Attribution | undefined;
}
