/** Asks the app's functions that answer with yes or no: `skip` and `preview`. */
import type { PreviewDecision } from '../engine/types.js';
import type { Visitor } from '../identity/visitor-identity.js';
import type { IncomingRequest } from '../model/http.js';
import { previewLink } from '../request/preview.js';
import { askYesOrNo, type RequestFunction } from '../utils/app-callback.js';
import type { ConvertError } from '../utils/errors.js';
import type { LoadedProject, Runtime } from './runtime.js';

interface PreviewRequest {
  readonly request: IncomingRequest;
  readonly visitor: Visitor;
  readonly project: LoadedProject;
}

export function saysYes(
  runtime: Runtime,
  { raw }: IncomingRequest,
  option: string,
  ask: RequestFunction<unknown, unknown>,
): boolean {
  const onError = (error: ConvertError): void => runtime.report(error);
  return askYesOrNo(ask, raw, { option, otherwise: 'taken as false', onError });
}

/**
 * The decision that the preview link in the URL asks for; undefined without a link, or if the option `preview` forbids
 * it. A visitor without consent may follow a link, which names nobody; a bot may not. A request that is no GET or HEAD,
 * such as a form that is sent from a preview, is like any other.
 */
export function previewOf(
  runtime: Runtime,
  preview: boolean | RequestFunction<unknown, boolean> | undefined,
  { request, visitor, project }: PreviewRequest,
): PreviewDecision | undefined {
  const { method, url } = request;
  const link = method === 'GET' || method === 'HEAD' ? previewLink(url) : undefined;
  if (link === undefined || preview === false || visitor.excludedBy === 'bot') return undefined;
  const isAllowed = typeof preview !== 'function' || saysYes(runtime, request, 'preview', preview);
  return isAllowed ? project.engine.preview(link) : undefined;
}
