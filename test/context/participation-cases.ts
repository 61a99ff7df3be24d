/** The cases of the participation tables that are combined: where an id comes from, consent, what the store holds. */
import type { ConvertOptions, StateChange } from '../../src/index.js';
import { IDS, SECRET } from './notes.js';
import {
  decideThenSend,
  LANDING,
  PREVIEW,
  sendThenDecide,
  type Exchange,
  type Play,
  type Raw,
} from './play.js';

const minutesAgo = (minutes: number): string => Math.floor(Date.now() / 60_000 - minutes).toString(36);

interface IdCase {
  readonly visitor?: ConvertOptions<Raw>['visitor'];
  readonly user?: string;
  readonly cookies?: () => string[];
}
const APP_IDS: IdCase['visitor'] = { id: ({ user }) => user as string };
const OWN_COOKIE = () => [`cv_vid=${IDS.cookie}`];
/** The device is to take over the id of another one, and was last seen so many minutes ago. */
const aliased = (minutes: number) => () => [
  ...OWN_COOKIE(),
  `cv_vid_next=${IDS.alias}.${minutesAgo(minutes)}`,
];

/** The id of a visitor depends on the options and on what the request brings. */
export const ID_CASES: Readonly<Record<string, IdCase>> = {
  app: { visitor: APP_IDS, user: IDS.app },
  'app+cookie': { visitor: APP_IDS, user: IDS.app, cookies: OWN_COOKIE },
  'cookie-beside-app': { visitor: APP_IDS, cookies: OWN_COOKIE },
  'new-beside-app': { visitor: APP_IDS },
  cookie: { cookies: OWN_COOKIE },
  'malformed-cookie': { cookies: () => ['cv_vid=a.b'] },
  'alias-due': { cookies: aliased(60) },
  'alias-renew': { cookies: aliased(5) },
  'alias-waits': { cookies: aliased(0) },
  fingerprint: { visitor: { fingerprint: { secret: SECRET } } },
  new: {},
};

export interface RequestCase {
  readonly consent: string;
  readonly answer: string;
  readonly id: string;
  readonly project: string;
  readonly method: string;
  readonly link: string;
  readonly head: string;
}
type ConsentCase = Pick<RequestCase, 'consent' | 'answer'>;
type OptionCase = Pick<RequestCase, 'consent' | 'id'>;

export const CONSENT_AXES = {
  consent: ['none', 'block', 'silent', 'hold'],
  answer: ['granted', 'denied', 'unknown', 'opt-out'],
} as const;

/** A visitor whom nobody asks for consent can neither give nor refuse it, but opt out. */
export const isAsked = ({ consent, answer }: ConsentCase): boolean =>
  consent !== 'none' || answer === 'granted' || answer === 'opt-out';
/** In these modes visitors without a grant take part, for which `createConvert` wants ids of the app. */
export const isAllowed = ({ consent, id }: OptionCase): boolean =>
  !['silent', 'hold'].includes(consent) || ID_CASES[id]!.visitor === APP_IDS;

export function optionsOf({ consent, id }: OptionCase): ConvertOptions<Raw> {
  const { visitor } = ID_CASES[id]!;
  const resolve = ({ answer }: Raw) => answer as 'granted';
  return {
    ...(visitor && { visitor }),
    ...(consent !== 'none' && { consent: { resolve, mode: consent as 'block' } }),
  };
}

/** The defaults make a plain GET of a new visitor whom nobody asks for consent, with decisions before the head. */
export function exchangeOf({
  consent = 'none',
  answer = 'granted',
  id = 'new',
  project = 'ready',
  method = 'GET',
  link = 'plain',
  head = 'open',
}: Partial<RequestCase>): Exchange {
  const { user, cookies = () => [] } = ID_CASES[id]!;
  return {
    options: () => optionsOf({ consent, id }),
    request: {
      method,
      url: link === 'preview' ? PREVIEW : LANDING,
      cookies: cookies(),
      ...(answer === 'opt-out' && { headers: { 'sec-gpc': '1' } }),
      // An opt-out counts whatever else the visitor has said.
      raw: { user, answer: answer === 'opt-out' ? 'granted' : answer },
    },
    isLate: project === 'late',
    script: head === 'sent' ? sendThenDecide : decideThenSend,
  };
}

const assigned: StateChange = { claims: { 101: { variationId: '1010', exposed: true } } };
const pending = (until: number): StateChange => ({
  ...assigned,
  pending: { claims: ['experience:101'], until },
});
const deferred = (at: number): StateChange => ({
  hold: {
    at,
    change: { ...assigned, goals: ['purchase'] },
    events: [
      {
        event: { eventType: 'bucketing', data: { experienceId: '101', variationId: '1010' } },
        claim: 'experience:101',
      },
      { event: { eventType: 'conversion', data: { goalId: '501' } }, claim: 'goal:purchase' },
    ],
  },
});

/** The store holds this of a visitor before they come; it is written as the change that brings it about. */
export const STORED: Readonly<Record<string, (now: number) => StateChange | undefined>> = {
  nothing: () => undefined,
  assigned: () => assigned,
  unexposed: () => ({ claims: { 101: { variationId: '1010', exposed: false } } }),
  converted: () => ({ goals: ['purchase'], transactions: { purchase: ['t-1'] } }),
  segments: () => ({ segments: { country: 'DE' } }),
  granted: () => ({ consent: 'granted' }),
  denied: () => ({ consent: 'denied' }),
  deferred: (now) => deferred(now - 60_000),
  'deferred-too-old': (now) => deferred(now - 31 * 60_000),
  pending: (now) => pending(now + 10 * 60_000),
  lapsed: (now) => pending(now - 10 * 60_000),
};
export const STORE_KEYS: Readonly<Record<string, string>> = {
  app: `1001-2002-${IDS.app}`,
  cookie: `1001-2002-${IDS.cookie}`,
  'cookie-beside-app': `1001-2002~cookie-${IDS.cookie}`,
};
export const storing =
  (stored: string, storeKey: string | undefined): Play['fill'] =>
  (store, now) => {
    const change = STORED[stored]!(now);
    if (change !== undefined && storeKey !== undefined) store.commit(storeKey, change, { ephemeral: false });
  };

/** Some tables have one axis for the method, the preview link and the head, with one of them out of the ordinary. */
export const ofKind = <Given extends { kind: string }>({ kind, ...each }: Given) => ({
  ...each,
  method: kind === 'HEAD' ? 'HEAD' : 'GET',
  link: kind === 'preview' ? 'preview' : 'plain',
  head: kind === 'sent' ? 'sent' : 'open',
});
