/** Makes the bridge of a request: it tells the page what was decided and for whom, with the nonce for scripts. */
import { type Bridge, createBridge } from '../bridge/bridge.js';
import { scriptNonceIn } from '../bridge/csp-nonce.js';
import type { PageData, PageDecision } from '../bridge/types.js';
import type { VisitorReader } from '../identity/visitor-identity.js';
import type { IncomingRequest, OutgoingResponse } from '../model/http.js';
import type { ProjectNames } from '../model/project-names.js';
import { ownValue } from '../utils/objects.js';
import type { ContextDecision } from './decider.js';
import { PageSignal } from './page-signal.js';
import type { Participation } from './participation.js';
import type { Runtime } from './runtime.js';
import type { SharedPage } from './shared-page.js';
import { isShared, warnOfSharing } from './shared-response.js';

/** The request that a bridge belongs to. */
export interface BridgeRequest {
  readonly request: IncomingRequest;
  readonly response: OutgoingResponse;
  readonly visitors: Pick<VisitorReader, 'variations'>;
  readonly names: ProjectNames | undefined;
}

export interface PageState {
  readonly participation: Participation;
  /** The id that may stand in the page; undefined if there is none. */
  readonly visitorId: string | undefined;
  /** The ids of the experiences that are counted for all who get a page of `share()`; undefined on other pages. */
  readonly exposedForAll: ReadonlySet<string> | undefined;
  /** The decisions by experience key. */
  readonly decided: ReadonlyMap<string, ContextDecision>;
}

/** `state` resolves the visitor's participation, and returns the decisions with a variation up to then. */
export function pageBridge(
  runtime: Runtime,
  { request, response, visitors: { variations }, names }: BridgeRequest,
  state: () => PageState,
): Bridge {
  const read = (): PageData => pageData(state());
  let signal: PageSignal | undefined;
  return createBridge({
    as: names?.as,
    read,
    signal(places) {
      signal ??= new PageSignal({ runtime, request, response, cookie: variations, names, read });
      signal.add(places);
    },
    nonce: () =>
      scriptNonceIn(response.getHeader('Content-Security-Policy')) ??
      scriptNonceIn(response.getHeader('Content-Security-Policy-Report-Only')),
  });
}

/**
 * The visitor id that the page gets; undefined in a preview, if no cookie can carry the id, and if others may get the
 * page, too.
 */
export function idForPage(
  runtime: Runtime,
  participation: Participation,
  response: OutgoingResponse,
  page: SharedPage | undefined,
): string | undefined {
  const { id, mode } = participation.visitor;
  if (mode !== 'enrol' || id === '') return undefined;
  if (participation.status === 'read-only' && participation.because !== 'no-page') return undefined;
  if (page !== undefined) return page.isShared ? undefined : id;
  if (!isShared(response)) return id;
  warnOfSharing(runtime);
  return undefined;
}

function pageData({ visitorId, participation, exposedForAll, decided }: PageState): PageData {
  const isExposed =
    visitorId === undefined
      ? (experienceId: string) => exposedForAll?.has(experienceId) === true
      : exposureCheck(participation);
  const decisions: PageDecision[] = [];
  for (const [experienceKey, { variation, events }] of decided) {
    if (variation === null) continue;
    const { experienceId, id: variationId, key: variationKey, name } = variation;
    const exposed = isExposed(experienceId, variationId);
    decisions.push({
      experienceKey,
      experienceId,
      variationKey,
      variationId,
      variationName: name ?? variationKey,
      isExposed: exposed,
      isFirstExposure: exposed && events.length > 0,
    });
  }
  return { visitorId, decisions };
}

/** Makes a check whether the server counts the visitor as exposed to a variation. */
function exposureCheck(participation: Participation): (experienceId: string, variationId: string) => boolean {
  if (participation.status !== 'participating' || !participation.work.enrols) return () => false;
  const { work } = participation;
  const { bucketing = {}, unexposed = [] } = work.state;
  return (experienceId, variationId) =>
    ownValue(bucketing, experienceId) === variationId &&
    !unexposed.includes(experienceId) &&
    work.isKept(experienceId);
}
