/** Makes the readers that all requests of one Convert share, from its options. */
import { signalReader } from '../consent/privacy-signals.js';
import { EtagWatch } from '../context/etag-watch.js';
import type { PreviewServices } from '../context/preview-link.js';
import type { RequestServices } from '../context/request-context.js';
import { HeadSample } from '../context/visitor-headers.js';
import { previewCookie } from '../identity/cookies/preview-cookie.js';
import { previewSigner } from '../identity/cookies/preview-signer.js';
import { visitorReader } from '../identity/visitor-identity.js';
import type { ResolvedOptions } from '../options/types.js';
import { ProxyWatch } from '../request/proxy-detection.js';
import { createRequestReader, type GeoListener } from '../request/request-reader.js';
import type { ConvertError } from '../utils/errors.js';
import type { Digests } from '../utils/digests.js';
import { ownProperties } from '../utils/objects.js';
import type { Platform } from './platform.js';

export interface RequestServicesListener {
  readonly onError: (error: ConvertError) => void;
  /** Called with a message for the operator; the same message may come many times. */
  readonly warn: (message: string) => void;
  /** Called with the name of a cookie of ours that a newer version of this package has set. */
  readonly unknownFormat: (cookie: string) => void;
  readonly geoListener: GeoListener;
}

/** `settings` returns the settings of the project; undefined while there is no project config. */
export function requestServices(
  { digests, newUuid }: Platform,
  options: ResolvedOptions,
  settings: () => Readonly<Record<string, unknown>> | undefined,
  { onError, warn, unknownFormat, geoListener }: RequestServicesListener,
): RequestServices {
  const { properties, geo } = options;
  const reader = createRequestReader({ properties, geo, onError, warn, geoListener });
  const signals = signalReader(options.privacySignals ?? 'project', {
    settings,
    country: (request) => reader.geoLocation(request).country,
    hasGeo: geo !== undefined,
  });
  return {
    visitors: visitorReader(
      Object.assign(ownProperties(options), { digests, newUuid, signals, onError, warn, unknownFormat }),
    ),
    reader,
    skip: options.skip,
    previews: previewServices(digests, options),
    proxies: new ProxyWatch(),
    heads: new HeadSample(),
    etags: new EtagWatch(),
    isCrossSiteCookie: (options.visitor?.cookie || undefined)?.sameSite === 'none',
  };
}

function previewServices(
  digests: Digests,
  { preview, previewCookie: kept, secrets, visitor }: ResolvedOptions,
): PreviewServices {
  const signer = secrets === undefined ? undefined : previewSigner(digests, secrets);
  const options = kept === true ? undefined : kept || undefined;
  const cookie = signer && kept ? previewCookie(signer, options, visitor?.cookie || undefined) : undefined;
  return { option: preview, signer, cookie };
}
