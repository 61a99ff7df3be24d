/** A Convert that stands beside another one in its app, and is mounted at a property of its own. */
import { RequestContext } from '../context/request-context.js';
import type { RequestServices } from '../context/request-services.js';
import { shareVisitors } from '../context/shared-visitor.js';
import type { ConvertContext } from '../context/types.js';
import type { IncomingRequest, OutgoingResponse } from '../model/http.js';
import { ConvertError } from '../utils/errors.js';
import type { ConvertRuntime } from './create-runtime.js';
import type { ContextOpener } from './types.js';

/** What the Convert does with a request, whatever its name is. */
export interface Opening {
  open(services: RequestServices, request: IncomingRequest, response: OutgoingResponse): RequestContext;
  /** Waits for the first project config; undefined if there is nothing to wait for. */
  first(): Promise<void> | undefined;
  /** Waits for what a context needs before the handler runs. */
  prepared(context: RequestContext): ConvertContext | Promise<ConvertContext>;
}

/** A Convert that has a name of its own in its app: it shares the visitors, and has cookies of its project. */
export class NamedProject {
  /** The services whose cookies have the project's id in their names. */
  #services: RequestServices | undefined;
  /** Stands in while nothing tells the project's id. */
  #early: RequestServices | undefined;

  constructor(
    readonly as: string,
    private readonly sdkKey: string | undefined,
    private readonly runtime: Pick<ConvertRuntime, 'named' | 'project'>,
  ) {
    shareVisitors();
  }

  /** False while neither a key nor a config tells the project's id. */
  get isKnown(): boolean {
    return this.#services !== undefined || this.#project !== undefined;
  }

  get services(): RequestServices {
    if (this.#services !== undefined) return this.#services;
    const { as, runtime } = this;
    const project = this.#project;
    if (project === undefined) return (this.#early ??= runtime.named({ as, project }));
    return (this.#services = runtime.named({ as, project }));
  }

  get #project(): string | undefined {
    return projectOfKey(this.sdkKey) ?? this.runtime.project?.config.project.id;
  }
}

export class NamedMount extends NamedProject implements ContextOpener {
  constructor(
    as: string,
    sdkKey: string | undefined,
    runtime: Pick<ConvertRuntime, 'named' | 'project'>,
    private readonly opening: Opening,
  ) {
    super(as, sdkKey, runtime);
  }

  open(request: IncomingRequest, response: OutgoingResponse): ConvertContext | Promise<ConvertContext> {
    // The config tells the project's id, which is in the names of the cookies: the context is made after it.
    const first = this.isKnown ? undefined : this.opening.first();
    if (first === undefined) return this.#open(request, response);
    return first.catch(() => undefined).then(() => this.#open(request, response));
  }

  #open(request: IncomingRequest, response: OutgoingResponse): ConvertContext | Promise<ConvertContext> {
    const { as } = this;
    const { node } = request as { readonly node?: Record<string, unknown> };
    const before = node?.[as];
    // Another framework may have handled the same request, with the same instance.
    if (before instanceof RequestContext && before.isOf(this.services)) return before;
    const context = this.openNow(request, response);
    if (node !== undefined && before === undefined) keepOn(node, as, context);
    return this.opening.prepared(context);
  }

  openNow(request: IncomingRequest, response: OutgoingResponse): RequestContext {
    return this.opening.open(this.services, request, response);
  }
}

/**
 * Refuses the name of a key cookie that would be found within the name that another project has for it.
 *
 * @throws ConvertError `CONVERT_BAD_OPTION`
 */
export function assertSplittable(keyCookie: string | undefined): void {
  // The id, which is digits, comes between two letters: so neither name holds the other.
  if (keyCookie === undefined || /[a-z]_[a-z][^_]*$/i.test(keyCookie)) return;
  throw new ConvertError(
    'CONVERT_BAD_OPTION',
    `option \`responseCache.cookie\` is '${keyCookie}', and this Convert is mounted \`as\` a name of its own: give it` +
      " a name with a _ between its last two words, such as 'shop_key', where the project's id is put",
  );
}

/** A key of two numbers names account and project, before any config is there. */
const projectOfKey = (sdkKey: string | undefined): string | undefined =>
  /^\d+\/(\d+)$/.exec(sdkKey ?? '')?.[1];

function keepOn(node: Record<string, unknown>, as: string, context: RequestContext): void {
  try {
    node[as] = context;
  } catch {
    // A request object that takes no property stays without: then each framework opens a context of its own.
  }
}
