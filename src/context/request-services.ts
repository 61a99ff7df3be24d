/** What all request contexts of one Convert share. */
import type { VisitorReader } from '../identity/visitor-identity.js';
import type { ProjectNames } from '../model/project-names.js';
import type { ProxyWatch } from '../request/proxy-detection.js';
import type { RequestReader } from '../request/request-reader.js';
import type { RequestFunction } from '../utils/app-callback.js';
import type { EtagWatch } from './etag-watch.js';
import type { PreviewServices } from './preview-link.js';
import type { HeadSample } from './visitor-headers.js';

export interface RequestServices {
  readonly visitors: VisitorReader;
  readonly reader: RequestReader;
  readonly skip: RequestFunction<unknown, boolean> | undefined;
  readonly previews: PreviewServices;
  readonly proxies: ProxyWatch;
  readonly heads: HeadSample;
  readonly etags: EtagWatch;
  /** The names of an app with several projects; undefined for those of an app with one. */
  readonly names: ProjectNames | undefined;
  /** True if browsers keep our cookies in pages of other sites, too. */
  readonly isCrossSiteCookie: boolean;
}
