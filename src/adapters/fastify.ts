/** The plugin for Fastify 5. */
import type { Readable } from 'node:stream';
import type {
  FastifyError,
  FastifyInstance,
  FastifyPluginAsync,
  FastifyPluginCallback,
  FastifyReply,
  FastifyRequest,
} from 'fastify';
import fp from 'fastify-plugin';
import type { ConvertContext } from '../context/types.js';
import { createConvert } from '../convert/convert.js';
import type { Convert } from '../convert/types.js';
import type { OutgoingResponse, ResponseHead, RouteHandler } from '../model/http.js';
import type { Mountable } from '../model/mountable.js';
import type { ConvertOptions } from '../options/types.js';
import { NO_RESPONSE, NodeOutgoingResponse } from './node-response/node-response.js';
import { assertMount, assertSameConvert, type MountOptions } from './shared/context-property.js';
import { FrameworkRequest } from './shared/framework-request.js';
import { warnEarly, warnTwice } from './shared/mount-warnings.js';
import { mountableIn, warnOfTaken } from './shared/mountable.js';
import { MountedConvert } from './shared/mounted-convert.js';
import { assertConvert, pluginOptions } from './shared/plugin-options.js';
import { MountedRoute, type RouteBody, type RouteOptions } from './shared/routes.js';

declare module 'fastify' {
  interface FastifyInstance {
    convert: Convert;
  }
  interface FastifyRequest {
    convert: ConvertContext;
  }
}

export interface ConvertPluginOptions extends ConvertOptions<FastifyRequest>, MountOptions {
  /**
   * A Convert that was made before, instead of options. The plugin does not close it when the app closes. Another
   * object of this package, such as `oursPrivacy()`, is put at a property of its own: `request.ours`.
   */
  convert?: Convert | Mountable;
  /**
   * The hook in which the context of a request is made. Default `onRequest`; with a remote store `preHandler`, since
   * the store has to be read before the handler, and for the visitor that authentication has found.
   */
  hook?: 'onRequest' | 'preValidation' | 'preHandler';
}

const plugin: FastifyPluginAsync<ConvertPluginOptions> = async (fastify, pluginGiven) => {
  const { convert: given, hook, as, ...rest } = pluginGiven;
  const options = pluginOptions(hook, rest);
  const mountable = mountableIn(given, { as });
  if (mountable !== undefined) return mount(fastify, mountable, hook);
  assertMount({ as });
  if (fastify.hasRequestDecorator(as ?? 'convert')) return warnOfSecond(fastify, given, as);
  if (given !== undefined) assertConvert(given, options);
  const convert = given ?? createConvert(options);
  mountAs(fastify, new MountedConvert(convert, { as }), hook);
  if (given === undefined) fastify.addHook('onClose', async () => void (await convert.close()));
};

function mountAs(
  fastify: FastifyInstance,
  mounted: MountedConvert,
  hook: ConvertPluginOptions['hook'],
): void {
  const { convert, as } = mounted;
  const CONTEXT = Symbol('convert context');
  const REPLY = Symbol('convert reply');
  type Contextual = FastifyRequest & { [CONTEXT]?: ConvertContext; [REPLY]?: FastifyReply };
  fastify.decorate(as, convert);
  // If the context is read before our hook has run, it is made here: error handlers run also if an earlier hook failed.
  fastify.decorateRequest(as, {
    getter(this: Contextual) {
      return (this[CONTEXT] ??= mounted.openNow(new FastifyIncoming(this), outgoingOf(this[REPLY])));
    },
  });
  // Both properties are declared, so that each request has room for them from the start: V8 is slow to add a property
  // to an object (bench/http, fastify).
  fastify.decorateRequest(CONTEXT).decorateRequest(REPLY);
  const opensIn = hook ?? (convert.readsAhead ? 'preHandler' : 'onRequest');
  fastify.addHook(opensIn, (request: Contextual, reply: FastifyReply, done: () => void) => {
    request[REPLY] = reply;
    if (request[CONTEXT] !== undefined) warnEarly(convert);
    request[CONTEXT] = undefined;
    const attach = (context: ConvertContext): void => void (request[CONTEXT] = context);
    void mounted.serve(new FastifyIncoming(request), outgoingOf(reply), attach, done);
  });
  addToLocals(fastify, mounted);
}

/** A second plugin of one name: an error if the app has chosen that name, and else a warning, as it has always been. */
function warnOfSecond(fastify: FastifyInstance, given: unknown, as: string | undefined): void {
  if (as === undefined) return warnTwice(fastify.convert);
  const existing = (fastify as unknown as Record<string, unknown>)[as];
  assertSameConvert(existing, given, as);
  warnTwice(existing);
}

function mount(fastify: FastifyInstance, given: Mountable, hook: ConvertPluginOptions['hook']): void {
  if (fastify.hasRequestDecorator(given.as)) return warnOfTaken(given.as);
  fastify.decorateRequest(given.as, null);
  fastify.addHook(hook ?? 'onRequest', (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
    Object.assign(request, { [given.as]: given.open(new FastifyIncoming(request), outgoingOf(reply)) });
    done();
  });
}

/**
 * Puts a ConvertContext at `request.convert`. The plugin takes options, or `{ convert, hook? }` with a Convert, and
 * `as` for a second Convert of the app: `{ convert, as: 'convertOutlet' }` puts its contexts at
 * `request.convertOutlet`. For wrong or missing options, the registration fails with a ConvertError, as
 * `createConvert` does.
 *
 * @example
 * ```js
 * await app.register(convertPlugin, { sdkKey: '10035569/10034190' });
 * app.get('/', async (request) => page(request.convert.runExperience('homepage-hero')));
 * ```
 */
export const convertPlugin = fp(plugin, { fastify: '5.x', name: 'convert-middleware' });

/**
 * Makes a plugin of Fastify of a `RouteHandler`, such as a webhook: its path is the `prefix` with which it is
 * registered. The plugin reads the bytes of the body by a parser of its own, which no other route sees.
 *
 * @example
 * ```js
 * app.register(route(conversionWebhook(convert, options)), { prefix: '/webhooks/orders' });
 * ```
 *
 * @throws ConvertError `CONVERT_BAD_OPTION`
 */
export function route(handler: RouteHandler, options?: RouteOptions): FastifyPluginCallback {
  const mounted = new MountedRoute(
    handler,
    options,
    'a middleware such as express.json() has read it: leave the path of route() out there',
  );
  return function convertRoute(fastify, _options, done) {
    const answer = async (request: FastifyRequest, reply: FastifyReply, read: RouteBody | undefined) => {
      const { status, headers, body } = await mounted.answer(new FastifyIncoming(request), read);
      return reply.code(status).headers(headers).send(body);
    };
    fastify.removeAllContentTypeParsers();
    // Not '*', which is right for each type, too: Fastify would parse the type of each request anew.
    fastify.addContentTypeParser(/^/, async (request: FastifyRequest, payload: Readable) =>
      mounted.read(payload, () => keptBodies(request)),
    );
    // Fastify asks no parser for a type that is malformed, or empty. The other frameworks read such a body.
    fastify.setErrorHandler<FastifyError>(async (error, request, reply) => {
      if (error.code !== 'FST_ERR_CTP_INVALID_MEDIA_TYPE') throw error;
      return answer(request, reply, await mounted.read(request.raw, () => keptBodies(request)));
    });
    for (const path of handler.answersBelow === true ? ['/', '/*'] : ['/']) {
      // Nothing is parsed of a request that has no body.
      fastify.all(path, (request, reply) => answer(request, reply, request.body as RouteBody | undefined));
    }
    done();
  };
}

/** Where a plugin of the app may have kept the bytes of a body that it has read. */
function keptBodies(request: FastifyRequest): readonly unknown[] {
  const { rawBody, raw } = request as FastifyRequest & { readonly rawBody?: unknown };
  const before = raw as { readonly rawBody?: unknown; readonly body?: unknown };
  return [rawBody, before.rawBody, before.body];
}

class FastifyIncoming extends FrameworkRequest<FastifyRequest> {
  get node(): object {
    return this.raw.raw;
  }
  get proxySetting(): string {
    return "Fastify({ trustProxy: 'the address of the proxy' })";
  }
}

/** A response of Node whose headers are those of the reply: Fastify hands them to Node only with the head. */
class FastifyOutgoing extends NodeOutgoingResponse {
  readonly #reply: FastifyReply;

  constructor(reply: FastifyReply) {
    super(reply.raw);
    this.#reply = reply;
  }
  override getHeader(name: string): ReturnType<ResponseHead['getHeader']> {
    return this.#reply.getHeader(name);
  }
  override getHeaderNames(): readonly string[] {
    return Object.keys(this.#reply.getHeaders());
  }
}

/** The reply is undefined before the plugin's hook has run: then nothing can be written. */
const outgoingOf = (reply: FastifyReply | undefined): OutgoingResponse =>
  reply === undefined ? NO_RESPONSE : new FastifyOutgoing(reply);

/**
 * Puts the context of each request at `reply.locals.convert`, right before the handler: apps may replace `reply.locals`
 * in any hook.
 */
function addToLocals(fastify: FastifyInstance, mounted: MountedConvert): void {
  const add = (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    mounted.putIntoViews((reply as { locals?: unknown }).locals, mounted.contextOn(request));
    done();
  };
  if (fastify.hasReplyDecorator('locals')) fastify.addHook('preHandler', add);
  fastify.addHook('onRoute', (route) => {
    if (!fastify.hasReplyDecorator('locals')) return;
    route.preHandler = [route.preHandler ?? []].flat().concat(add);
  });
}
