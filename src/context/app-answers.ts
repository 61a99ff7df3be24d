/** Asks the app's functions that answer with yes or no: `skip` and `preview`. */
import type { Decision } from '../engine/types.js';
import type { IncomingRequest } from '../model/http.js';
import { previewLink } from '../request/preview.js';
import { askYesOrNo, type RequestFunction } from '../utils/app-callback.js';
import type { ConvertError } from '../utils/errors.js';
import type { LoadedProject, Runtime } from './runtime.js';

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
 * it.
 */
export function previewOf(
  runtime: Runtime,
  preview: boolean | RequestFunction<unknown, boolean> | undefined,
  request: IncomingRequest,
  { engine }: LoadedProject,
): Decision | undefined {
  const link = previewLink(request.url);
  if (link === undefined || preview === false) return undefined;
  const isAllowed = typeof preview !== 'function' || saysYes(runtime, request, 'preview', preview);
  return isAllowed ? engine.preview(link) : undefined;
}
