/** Makes the readers that all requests of one Convert share, from its options. */
import { signalReader } from '../consent/privacy-signals.js';
import { EtagWatch } from '../context/etag-watch.js';
import type { PreviewServices } from '../context/preview-link.js';
import type { RequestServices } from '../context/request-services.js';
import { HeadSample } from '../context/visitor-headers.js';
import { PREVIEW_COOKIE_NAME, previewCookie } from '../identity/cookies/preview-cookie.js';
import { previewSigner } from '../identity/cookies/preview-signer.js';
import { nameOf } from '../identity/cookies/project-cookies.js';
import { visitorReader } from '../identity/visitor-identity.js';
import type { ProjectNames } from '../model/project-names.js';
import type { ResolvedOptions } from '../options/types.js';
import { ProxyWatch } from '../request/proxy-detection.js';
import { createRequestReader, type GeoListener } from '../request/request-reader.js';
import type { ConvertError } from '../utils/errors.js';
import type { Digests } from '../utils/digests.js';
import { ownProperties } from '../utils/objects.js';
import type { WarnOnce } from '../utils/operator-log.js';
import type { Platform } from './platform.js';

export interface RequestServicesListener {
  readonly onError: (error: ConvertError) => void;
  readonly warnOnce: WarnOnce;
  /** Called with the name of a cookie of ours that a newer version of this package has set. */
  readonly unknownFormat: (cookie: string) => void;
  readonly geoListener: GeoListener;
}

/** The readers of a Convert that is the only one of its app, and those of one that stands beside another. */
export interface NamedServices {
  readonly services: RequestServices;
  /** Makes the readers for cookies, parameters and headers of these names. */
  readonly named: (names: ProjectNames) => RequestServices;
}

/** `settings` returns the settings of the project; undefined while there is no project config. */
export function requestServices(
  { digests, newUuid }: Platform,
  options: ResolvedOptions,
  settings: () => Readonly<Record<string, unknown>> | undefined,
  { onError, warnOnce, unknownFormat, geoListener }: RequestServicesListener,
): NamedServices {
  const { properties, geo } = options;
  const reader = createRequestReader({ properties, geo, onError, warnOnce, geoListener });
  const signals = signalReader(options.privacySignals ?? 'project', {
    settings,
    country: (request) => reader.geoLocation(request).country,
    hasGeo: geo !== undefined,
  });
  const given = { digests, newUuid, signals, onError, warnOnce, unknownFormat };
  const make = (names: ProjectNames | undefined): RequestServices => ({
    visitors: visitorReader(Object.assign(ownProperties(options), given, { names })),
    reader,
    skip: options.skip,
    previews: previewServices(digests, options, names),
    proxies: new ProxyWatch(),
    heads: new HeadSample(),
    etags: new EtagWatch(),
    names,
    isCrossSiteCookie: (options.visitor?.cookie || undefined)?.sameSite === 'none',
  });
  return { services: make(undefined), named: make };
}

function previewServices(
  digests: Digests,
  { preview, previewCookie: kept, secrets, visitor }: ResolvedOptions,
  names: ProjectNames | undefined,
): PreviewServices {
  const signer = secrets === undefined ? undefined : previewSigner(digests, secrets);
  const options = kept === true ? undefined : kept || undefined;
  const name = nameOf(options?.name ?? PREVIEW_COOKIE_NAME, names);
  const isNamed = names === undefined || names.project !== undefined;
  const cookie =
    signer && kept && isNamed
      ? previewCookie(signer, { ...options, name }, visitor?.cookie || undefined)
      : undefined;
  return { option: preview, signer, cookie, names };
}
