/**
 * Tables of who takes part in experiments, and of what a request or a job leaves behind: cookies, events, writes to the
 * store, the bridge. Each test plays all combinations of its axes and compares the outcomes with a text file in the
 * folder `participation-table`. The files say what the code does, not what it should do: whoever means to change that
 * runs `vitest --update` and reads the difference. The two largest tables are in the slow tier.
 */
import { expect, it } from 'vitest';
import { createConvert } from '../../src/index.js';
import { combinations } from '../support/outcome-table.js';
import { expectTable } from './expect-table.js';
import {
  CONSENT_AXES,
  exchangeOf,
  ID_CASES,
  isAllowed,
  optionsOf,
  STORE_KEYS,
  storing,
  ofKind,
  type RequestCase,
} from './participation-cases.js';
import { IDS } from './notes.js';
import { doNothing, playJob, playRequest, type Exchange } from './play.js';
import { FIRST_USES, SPECIAL, STORES } from './special-cases.js';
import '../support/loaded.js';

/** Some tables have one axis for the mode of consent and the answer, as in `block denied`. */
const split = (consent: string): Pick<RequestCase, 'consent' | 'answer'> => {
  const [mode = '', answer = ''] = consent.split(' ');
  return { consent: mode, answer };
};
const CONSENTS = ['none granted', 'block granted', 'block denied', 'hold unknown', 'hold granted'];

/** Visitors without an id of the app fare alike in all modes, so that one mode stands for them. */
const isDistinct = ({ consent, id }: { consent: string; id: string }): boolean =>
  id === 'app' || consent.startsWith('block');

const OPTION_CASES = combinations({ consent: CONSENT_AXES.consent, id: Object.keys(ID_CASES) });

it.each(OPTION_CASES.filter((each) => !isAllowed(each)))(
  'no choice of options: consent $consent, id $id',
  (each) => {
    const project = { account_id: '1', project: { id: '2' } };
    expect(() => createConvert({ ...optionsOf(each), project })).toThrow(
      expect.objectContaining({
        code: 'CONVERT_BAD_OPTION',
        message: expect.stringContaining('without our cookie'),
      }),
    );
  },
);

it('stores', () =>
  expectTable(
    'stores',
    {
      consent: CONSENTS,
      id: ['app', 'cookie-beside-app', 'new-beside-app'],
      method: ['GET', 'HEAD'],
      store: Object.keys(STORES),
    },
    ({ store, consent, ...each }) => {
      const { storeTimeout = 60_000, ...given } = STORES[store]!;
      const exchange = exchangeOf({ ...each, ...split(consent) });
      const options: Exchange['options'] = (log) => ({ ...exchange.options?.(log), storeTimeout });
      return playRequest({
        ...exchange,
        ...given,
        options,
        fill: storing('assigned', STORE_KEYS[each.id]),
      });
    },
    isDistinct,
  ));

it('special cases', () =>
  expectTable(
    'special',
    {
      consent: CONSENTS,
      id: ['app', 'cookie-beside-app', 'new-beside-app'],
      special: Object.keys(SPECIAL),
    },
    ({ special, consent, id }) => playRequest(SPECIAL[special]!(exchangeOf({ ...split(consent), id }))),
    isDistinct,
  ));

/** These visitors differ in how much a request may leave behind of them. */
const VISITORS: Readonly<Record<string, Partial<RequestCase>>> = {
  new: {},
  cookie: { id: 'cookie' },
  app: { id: 'app' },
  'opted-out-cookie': { answer: 'opt-out', id: 'cookie' },
  'block-unknown': { consent: 'block', answer: 'unknown' },
  'block-denied-cookie': { consent: 'block', answer: 'denied', id: 'cookie' },
  'silent-unknown': { consent: 'silent', answer: 'unknown', id: 'app' },
  'hold-unknown': { consent: 'hold', answer: 'unknown', id: 'app' },
  'hold-granted': { consent: 'hold', answer: 'granted', id: 'app' },
  'head-request': { method: 'HEAD' },
  'hold-head-request': { consent: 'hold', answer: 'unknown', id: 'app', method: 'HEAD' },
  preview: { link: 'preview' },
  'project-late': { project: 'late' },
};

it('first uses', () =>
  expectTable(
    'first-uses',
    { visitor: Object.keys(VISITORS), use: Object.keys(FIRST_USES) },
    ({ use, visitor }) => {
      const exchange = exchangeOf(VISITORS[visitor]!);
      return playRequest({
        ...exchange,
        script: FIRST_USES[use]!,
        later: doNothing,
        options: (log) => {
          const options = exchange.options?.(log) ?? {};
          return {
            ...options,
            skip: () => (log('app', 'skip is asked'), false),
            waitUntil: (promise) => {
              log('app', 'told to wait');
              void promise.then(() => log('app', 'waits no longer'));
            },
          };
        },
      });
    },
  ));

const SECRETS = ['the secret of these days', 'the secret of the days before'] as const;
/** The cookies of sessions and of assignments that a request may bring; the latter are signed for one visitor. */
const CARRIED: Readonly<Record<string, (id: string) => Promise<string> | string>> = {
  none: () => '',
  'assignments-own': (id) => signedFor(id, SECRETS[0]),
  'assignments-old-secret': (id) => signedFor(id, SECRETS[1]),
  'assignments-of-another': () => signedFor('alias-due', SECRETS[0]),
  'assignments-unsigned': async (id) => (await signedFor(id, SECRETS[0])).replace(/1\.\w/, '1._'),
  'session-goes-on': () => `cv_ses=${secondsAgo(5)}.rc.b3RoZXI`,
  'session-due': () => `cv_ses=${secondsAgo(300)}.nc.b3RoZXI`,
  'session-over': () => `cv_ses=${secondsAgo(3_600)}.rc.b3RoZXI`,
  'session-nonsense': () => 'cv_ses=nonsense',
};
const signed = new Map<string, Promise<string>>();
function signedFor(id: string, secret: string): Promise<string> {
  const key = `${id} ${secret}`;
  const known = signed.get(key) ?? signedAssignments(id, secret);
  signed.set(key, known);
  return known;
}
const secondsAgo = (seconds: number): string => Math.floor(Date.now() / 1_000 - seconds).toString(36);

it('cookies', () =>
  expectTable(
    'cookies',
    {
      consent: ['none granted', 'block denied', 'none opt-out'],
      id: ['app', 'cookie', 'new'],
      kind: ['GET', 'HEAD', 'preview', 'sent', 'shared'],
      carried: Object.keys(CARRIED),
    },
    async ({ carried, consent, ...each }) => {
      const exchange = exchangeOf({ ...ofKind(each), ...split(consent) });
      const cookie = await CARRIED[carried]!(each.id);
      const request = { ...exchange.request, cookies: [...(exchange.request?.cookies ?? []), cookie] };
      const options: Exchange['options'] = (log) => ({
        ...exchange.options?.(log),
        secrets: SECRETS,
        assignmentCookie: true,
      });
      const played = { ...exchange, request, options };
      return playRequest(each.kind === 'shared' ? SPECIAL['shared-page']!(played) : played);
    },
    ({ carried, id }) => id !== 'new' || !['assignments-own', 'assignments-old-secret'].includes(carried),
  ));

/** Makes the cookie of a visitor of whom the variation 1010 is stored, by playing a request of theirs. */
async function signedAssignments(id: string, secret: string): Promise<string> {
  const exchange = exchangeOf({ id });
  const options: Exchange['options'] = (log) => ({
    ...exchange.options?.(log),
    secrets: secret,
    assignmentCookie: true,
  });
  let line = '';
  await playRequest({
    ...exchange,
    options,
    fill: storing('assigned', STORE_KEYS[id]),
    later: ({ response }) => (line = response.cookies.find((each) => each.startsWith('cv_asg=')) ?? ''),
  });
  return line.split(';')[0]!;
}

it('jobs', () =>
  expectTable(
    'jobs',
    {
      consent: CONSENT_AXES.consent,
      given: ['nothing', 'granted', 'denied', 'unknown'] as const,
      id: ['app', 'cookie-beside-app', 'none'],
      stored: ['nothing', 'assigned', 'granted', 'denied', 'deferred', 'lapsed', 'unreadable'],
    },
    ({ consent, given, stored, id }) =>
      playJob({
        options: () => optionsOf({ consent, id: 'app' }),
        visitorId: id === 'none' ? '' : id === 'app' ? IDS.app : IDS.cookie,
        consent: given === 'nothing' ? undefined : given,
        ...(stored === 'unreadable' ? STORES['read-throws'] : { fill: storing(stored, STORE_KEYS[id]) }),
      }),
  ));
