/** Counts a conversion that a caller tells of. */
import type { ConversionResult, TrackOutcome } from '../context/conversion-outcomes.js';
import { GOAL_DATA_KEYS, type GoalData } from '../model/tracking-event.js';
import type { RouteResponse } from '../model/http.js';
import { answer, later, refusal } from './answers.js';
import type { Body } from './body.js';
import type { Call } from './call.js';
import { visitorOf } from './visitor.js';

/** Outcomes that the caller can mend. */
const MISTAKES: Readonly<Partial<Record<TrackOutcome, RouteResponse>>> = {
  'goal-not-found': refusal(404, 'no goal has the key in `event`'),
  'bad-data': refusal(400, 'a value in `eventProperties` is none that Convert takes'),
  'too-large': refusal(400, 'the event is larger than Convert takes'),
};

const LATER = later(503, 'the conversion could not be counted; send it again', 30);

const NO_VISITOR = refusal(400, '`visitor_id` is missing');

export async function trackConversion(call: Call): Promise<RouteResponse> {
  const { body } = call;
  if (body.visitor_id === undefined && body.userId === undefined) return NO_VISITOR;
  const visitor = await visitorOf(call);
  const conversionData = dataOf(body);
  visitor.trackConversion(body.event!, {
    ...(conversionData.length > 0 && { conversionData }),
    ...(body.ruleData !== undefined && { ruleData: body.ruleData }),
    conversionSetting: {
      forceMultipleTransactions: conversionData.some(({ key }) => key === 'transactionId'),
    },
  });
  const { conversions } = await visitor.committed();
  const { outcome, retry } = conversions[0] as ConversionResult;
  if (retry) return LATER;
  return MISTAKES[outcome] ?? answer({ success: true, outcome });
}

/**
 * The properties that Convert knows; others are ignored. `trackConversion` checks the values. `distinctId` is the id of
 * the order if there are data of one: other goals count once for each visitor, and clients send an id with each event.
 */
function dataOf({ eventProperties = {}, distinctId }: Body): GoalData[] {
  const data: GoalData[] = [];
  for (const key of GOAL_DATA_KEYS) {
    const value = Object.hasOwn(eventProperties, key) ? eventProperties[key] : undefined;
    if (value !== undefined && value !== null) data.push({ key, value: value as GoalData['value'] });
  }
  const hasId = data.some(({ key }) => key === 'transactionId');
  if (data.length > 0 && !hasId && distinctId !== undefined)
    data.push({ key: 'transactionId', value: distinctId });
  return data;
}
