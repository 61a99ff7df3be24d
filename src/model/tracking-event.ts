/** The types of tracking events: an exposure or a conversion of one visitor, as Convert's endpoint takes them. */

export interface BucketingEvent {
  eventType: 'bucketing';
  data: { experienceId: string; variationId: string };
}

/** A conversion as the tracking endpoint takes it. */
export interface ConversionEvent {
  eventType: 'conversion';
  data: { goalId: string; goalData?: GoalData[]; bucketingData?: Record<string, string> };
}

/** An event as Convert's tracking endpoint takes it. An exposure is a bucketing event. */
export type WireEvent = BucketingEvent | ConversionEvent;

/** The keys of conversion data that Convert's tracking endpoint knows. */
export const GOAL_DATA_KEYS = [
  'amount',
  'productsCount',
  'transactionId',
  'customDimension1',
  'customDimension2',
  'customDimension3',
  'customDimension4',
  'customDimension5',
] as const;

/** One value of the data of a conversion. */
export interface GoalData {
  key: (typeof GOAL_DATA_KEYS)[number];
  /** Custom dimensions may have several texts. */
  value: string | number | readonly string[];
}

/** The names that Convert's reports can be segmented by. */
export const SEGMENT_KEYS = [
  'country',
  'browser',
  'devices',
  'source',
  'campaign',
  'visitorType',
  'customSegments',
] as const;

/** Report segments as they go on the wire with events. */
export type ReportSegments = Partial<
  Record<Exclude<(typeof SEGMENT_KEYS)[number], 'devices' | 'customSegments'>, string>
> & { devices?: string[]; customSegments?: string[] };

/** One event of one visitor, as the outbox takes it. */
export interface VisitorEvent {
  readonly visitorId: string;
  readonly segments?: ReportSegments;
  readonly event: WireEvent;
}
