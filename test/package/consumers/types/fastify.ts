/** What a Fastify app in TypeScript writes, with the types of @fastify/view beside ours. */
import view from '@fastify/view';
import { type Convert, type ConvertContext, createConvert } from 'convert-middleware';
import { convertPlugin, type ConvertPluginOptions } from 'convert-middleware/fastify';
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify';

// As the README of @fastify/view says: the app declares what its views get.
declare module 'fastify' {
  interface FastifyReply {
    locals: { convert?: ConvertContext } | undefined;
  }
}

declare module 'fastify' {
  interface FastifyRequest {
    convertOutlet: ConvertContext<'outlet-hero'>;
  }
}

type Experiences = 'homepage-hero' | 'spring-sale';

function hero(convert: ConvertContext<Experiences>): string {
  // @ts-expect-error no experience of this project has that key
  convert.runExperience('homepage-herro');
  return convert.runExperience('homepage-hero')?.key ?? 'original';
}

const app = fastify({ logger: false });
const options: ConvertPluginOptions = {
  sdkKey: '1001/2002',
  hook: 'preHandler',
  visitor: { id: (request) => request.hostname },
};
app.register(convertPlugin, options);
app.register(convertPlugin);
app.register(convertPlugin, { convert: createConvert({ sdkKey: '1001/2002' }) });
// @ts-expect-error no such hook
app.register(convertPlugin, { hook: 'onSend' });
// @ts-expect-error the request is Fastify's
app.register(convertPlugin, { skip: (request) => request.path === '/' });
// @ts-expect-error no such option
app.register(convertPlugin, { sdkKeys: '1001/2002' });
app.register(view, { engine: { ejs: {} } });

app.get('/', async (request, reply) => {
  const key: string | undefined = request.convert.runExperience('homepage-hero')?.key;
  // @ts-expect-error it is typed, not any
  request.convert.runExperiment('homepage-hero');
  return reply.view('/home.ejs', { key, hero: hero(request.convert) });
});
app.get('/stats', async () => app.convert.stats());
export const made: Convert = app.convert;

export async function handler(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  reply.locals = { convert: request.convert };
  await reply.send(request.convert.visitorId);
}
app.get('/typed', handler);
app.register(convertPlugin, { convert: createConvert({ sdkKey: '1001/2003' }), as: 'convertOutlet' });
app.register(convertPlugin, { sdkKey: '1001/2003', as: 'convertSale' });
app.get('/outlet', async ({ convertOutlet }) => {
  // @ts-expect-error no experience of the outlet has that key
  convertOutlet.runExperience('homepage-hero');
  return convertOutlet.runExperience('outlet-hero')?.key;
});
