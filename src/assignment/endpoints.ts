/** The endpoints by their paths: what each takes, and how it answers. */
import type { ExperienceAttributes } from '../engine/types.js';
import type { RouteResponse } from '../model/http.js';
import { answer, later, refusal } from './answers.js';
import type { Call } from './call.js';
import { ASSIGNMENT, BATCH, CONVERSION, type Fields, PERSONALIZATION } from './body.js';
import { trackConversion } from './conversion.js';
import { visitorOf } from './visitor.js';
import { assign, type Assignment, type NoAssignment } from './experiments.js';

export interface Endpoint {
  /** Matches the end of a path, so that an app may mount the endpoints wherever it wants. */
  readonly path: RegExp;
  readonly fields: Fields;
  readonly required: readonly string[];
  readonly answer: (call: Call) => RouteResponse | Promise<RouteResponse>;
}

/** The first that matches counts. */
export const ENDPOINTS: readonly Endpoint[] = [
  {
    path: /\/experiments\/assignments\/([^/]+)\/?$/,
    fields: ASSIGNMENT,
    required: ['visitor_id'],
    answer: assignOne,
  },
  {
    path: /\/experiments\/assignments\/?$/,
    fields: BATCH,
    required: ['visitor_id', 'experiment_keys'],
    answer: assignSeveral,
  },
  {
    path: /\/experiments\/personalization\/?$/,
    fields: PERSONALIZATION,
    required: ['visitor_id'],
    answer: personalize,
  },
  { path: /\/track\/?$/, fields: CONVERSION, required: ['event'], answer: trackConversion },
];

const REASONS: Readonly<Record<NoAssignment, string>> = {
  'not-running': 'no running experiment has this key',
  'not-ready': 'no project config has arrived yet',
  'state-unavailable': 'what is stored of the visitor can not be read now',
  failed: 'the decision failed',
};

const UNDECIDED: Readonly<Record<NoAssignment, RouteResponse>> = {
  'not-running': refusal(404, REASONS['not-running']),
  'not-ready': later(503, REASONS['not-ready'], 1),
  'state-unavailable': later(503, REASONS['state-unavailable'], 1),
  failed: refusal(500, REASONS.failed),
};

const NOT_IN_EXPERIMENT = { success: true, in_experiment: false };

/** Without a URL, the caller asks only where the experiment runs. */
const ANYWHERE: ExperienceAttributes = Object.freeze({ ignoreLocationProperties: true });
const THERE: ExperienceAttributes = Object.freeze({});

async function assignOne(call: Call): Promise<RouteResponse> {
  const assignOf = await assigner(call);
  const result = assignOf(call.key);
  if (result === 'not-in-experiment') return answer(NOT_IN_EXPERIMENT);
  return typeof result === 'string' ? UNDECIDED[result] : answer({ success: true, ...result });
}

/**
 * Decides several experiments. A key that is unknown, or can't be decided now, has an entry of its own in the answer:
 * what was decided beside it is counted already. Only if no key at all can be decided does the whole request fail.
 */
async function assignSeveral(call: Call): Promise<RouteResponse> {
  const assignOf = await assigner(call);
  const results = [...new Set(call.body.experiment_keys)].map((key) => [key, assignOf(key)] as const);
  const [first] = results.map(([, result]) => result);
  if (isUndecided(first) && results.every(([, result]) => isUndecided(result))) return UNDECIDED[first];
  return answer({ success: true, assignments: results.map(([key, result]) => entryOf(key, result)) });
}

/** Makes the function that decides experiments for the visitor of a call, by their keys. */
async function assigner(call: Call): Promise<(key: string) => Assignment> {
  const { convert, body } = call;
  const visitor = await visitorOf(call);
  const attributes = body.context?.url === undefined ? ANYWHERE : THERE;
  const isEnrolling = body.track_impression !== false;
  return (key) => assign(visitor, convert.standingOf(key), key, attributes, isEnrolling);
}

/** There is no rule yet that sets a personalization. Without a config, callers learn of that here, too. */
async function personalize(call: Call): Promise<RouteResponse> {
  await visitorOf(call);
  if (call.convert.standingOf('') === undefined) return UNDECIDED['not-ready'];
  return answer({ success: true, personalizations: [] });
}

/** True if another try may do better; an unknown key stays unknown. */
const isUndecided = (result: Assignment | undefined): result is Exclude<NoAssignment, 'not-running'> =>
  typeof result === 'string' && result !== 'not-in-experiment' && result !== 'not-running';

function entryOf(key: string, result: Assignment): object {
  if (typeof result !== 'string') return result;
  const error = result === 'not-in-experiment' ? undefined : REASONS[result];
  return { in_experiment: false, experiment_key: key, error };
}
