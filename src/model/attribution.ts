/** How a visitor got here, in the words of Convert's reports and rules, and the session that keeps it. */

export const TRAFFIC_SOURCES = ['campaign', 'ai_tool', 'search', 'referral', 'direct'] as const;

export type TrafficSource = (typeof TRAFFIC_SOURCES)[number];

/**
 * As Convert fills them, from the first hit of a session (support.convert.com, "How Do You Fill Medium, Keyword and
 * Source Name?"). Texts are '' where there is nothing to say.
 */
export interface Attribution {
  readonly source: TrafficSource;
  readonly campaign: string;
  readonly medium: string;
  readonly keyword: string;
  readonly sourceName: string;
}

/**
 * Bytes of UTF-8 that each text is cut to, on the first page of a session already: the cookie that tells it to the
 * later ones has room for that, and they must not differ.
 */
export const ATTRIBUTION_BYTES = {
  campaign: 160,
  medium: 40,
  keyword: 80,
  sourceName: 80,
} as const satisfies Omit<Record<keyof Attribution, number>, 'source'>;

/** A session that began with an earlier request. */
export interface Session {
  /** It is the first one of its visitor. */
  readonly isFirst: boolean;
  /** undefined where the project keeps no referral data: each request speaks for itself then. */
  readonly attribution: Attribution | undefined;
}
