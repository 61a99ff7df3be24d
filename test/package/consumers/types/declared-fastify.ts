/** What an app exports without writing types: each is named in its declarations, though only one entry is imported. */
import { convertPlugin, route } from 'convert-middleware/fastify';
import { fastify, type FastifyRequest } from 'fastify';

export const plugin = convertPlugin;
export const app = fastify().register(convertPlugin, {});
export const explain = ({ convert }: FastifyRequest) => convert.explain('e');
export const { convert } = fastify();
export const hook = route(async () => ({ status: 200, headers: {}, body: '' }));
