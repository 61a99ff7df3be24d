/** The data that a page gets through the bridge: what was decided in this request, and for whom. */
import type { BridgeData } from '../bridge/bridge.js';
import type { Decision } from '../engine/types.js';
import type { OutgoingResponse } from '../model/http.js';
import type { Participation } from './participation.js';
import type { Runtime } from './runtime.js';
import { isShared, warnOfSharing } from './shared-response.js';

/**
 * The visitor id that the page gets; undefined in a preview, if no cookie can carry the id, and if others may get the
 * page, too.
 */
export function idForPage(
  runtime: Runtime,
  participation: Participation,
  response: OutgoingResponse,
): string | undefined {
  const { id, mode } = participation.visitor;
  if (mode !== 'enrol' || id === '') return undefined;
  if (participation.status === 'read-only' && participation.because !== 'no-page') return undefined;
  if (!isShared(response)) return id;
  warnOfSharing(runtime);
  return undefined;
}

export function bridgeData(
  visitorId: string | undefined,
  decided: ReadonlyMap<string, Decision>,
): BridgeData {
  return {
    ...(visitorId !== undefined && { visitorId }),
    variations: Object.fromEntries([...decided].map(([key, { variation }]) => [key, variation?.key ?? ''])),
  };
}
