/** Tracking events: their shape on Convert's wire, and what travels with them inside this process. */

export interface BucketingEvent {
  eventType: 'bucketing';
  data: { experienceId: string; variationId: string };
}

export interface ConversionEvent {
  eventType: 'conversion';
  data: { goalId: string; goalData?: GoalData[]; bucketingData?: Record<string, string> };
}

/** As Convert's tracking endpoint takes it. An exposure is a bucketing event. */
export type WireEvent = BucketingEvent | ConversionEvent;

/** The keys that Convert's tracking endpoint knows. */
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

export interface GoalData {
  key: (typeof GOAL_DATA_KEYS)[number];
  value: string | number;
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
