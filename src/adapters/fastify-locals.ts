/** What views of a Fastify app see: `reply.locals`, where the app has it (as with @fastify/view). */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ConvertContext } from '../context/context.js';
import { addToViews } from './shared.js';

/** Puts the context of each request there. Apps replace `reply.locals` as they like: it comes right before the handler. */
export function addToLocals(fastify: FastifyInstance): void {
  if (fastify.hasReplyDecorator('locals')) fastify.addHook('preHandler', add);
  fastify.addHook('onRoute', (route) => {
    if (!fastify.hasReplyDecorator('locals')) return;
    route.preHandler = [route.preHandler ?? []].flat().concat(add);
  });
}

function add(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  const { convert } = request as FastifyRequest & { readonly convert: ConvertContext };
  addToViews((reply as { locals?: unknown }).locals, convert);
  done();
}
