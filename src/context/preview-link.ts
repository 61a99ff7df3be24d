/** Follows the preview link in the URL of a request, if the app allows it. */
import type { PreviewDecision } from '../engine/types.js';
import type { Visitor } from '../identity/visitor-identity.js';
import type { IncomingRequest } from '../model/http.js';
import type { Preview } from '../model/preview.js';
import { previewLink } from '../request/preview.js';
import type { RequestFunction } from '../utils/app-callback.js';
import { saysYes } from './app-answers.js';
import type { Drafts, LoadedProject, Runtime } from './runtime.js';

/** The option `preview`. */
export type PreviewOption = boolean | RequestFunction<unknown, boolean> | undefined;

/** A preview link that is followed: nothing of its request is stored or sent. */
export interface FollowedPreview {
  /** The decision that the link shows; undefined if no such variation was found. */
  readonly decision: PreviewDecision | undefined;
}

/**
 * Returns the preview link of a request. Undefined without a link, if the option `preview` forbids all, and if the
 * request is no GET or HEAD: a form that is sent from a preview is a visit like any other.
 */
export function previewLinkOf(
  runtime: Runtime,
  option: PreviewOption,
  request: IncomingRequest,
): PreviewLink | undefined {
  const { method, url } = request;
  const ids = method === 'GET' || method === 'HEAD' ? previewLink(url) : undefined;
  return ids && option !== false ? new PreviewLink(runtime, option, request, ids) : undefined;
}

/** The preview link of one request. */
export class PreviewLink {
  /** The answer of the app's function before the handler ran; undefined if it was not asked then. */
  #early: boolean | undefined;
  #draft: PreviewDecision | undefined;

  constructor(
    private readonly runtime: Runtime,
    private readonly option: PreviewOption,
    private readonly request: IncomingRequest,
    private readonly ids: Preview,
  ) {}

  /**
   * Looks for the draft that the link names, before the handler runs, if the project config does not hold it. Convert
   * is asked only if a function of the app allows the link.
   */
  async findDraft(drafts: Drafts): Promise<void> {
    const { option } = this;
    const { project } = this.runtime;
    if (!project || typeof option !== 'function' || project.engine.preview(this.ids) !== undefined) return;
    this.#early = saysYes(this.runtime, this.request, 'preview', option);
    if (this.#early) this.#draft = await drafts.find(this.ids);
  }

  /**
   * Follows the link; undefined if that is not allowed. A visitor without consent may follow a link, since it names
   * nobody; a bot may not. A link to what is not found is like none, unless a function of the app allows it: then
   * somebody is there for a preview, and must not be enrolled elsewhere.
   */
  follow({ excludedBy }: Visitor, { engine }: LoadedProject): FollowedPreview | undefined {
    const { option } = this;
    if (excludedBy === 'bot') return undefined;
    if (typeof option !== 'function') {
      const decision = engine.preview(this.ids);
      return decision && { decision };
    }
    // Authentication may have run since an earlier no.
    if (!this.#early && !saysYes(this.runtime, this.request, 'preview', option)) return undefined;
    const decision = engine.preview(this.ids) ?? this.#draft;
    if (decision === undefined && this.#early === false) warnOfLateAnswer(this.runtime);
    return { decision };
  }
}

function warnOfLateAnswer({ warnOnce }: Pick<Runtime, 'warnOnce'>): void {
  warnOnce(
    'late-preview',
    '`preview` allows a link in the handler that it did not allow before, when a draft could have been asked for; mount' +
      ' this package after authentication (Fastify: hook `preHandler`, registered after it)',
  );
}
