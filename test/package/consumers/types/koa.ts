/** What a Koa app in TypeScript writes. */
import { type Convert, type ConvertContext, createConvert } from 'convert-middleware';
import { convertMiddleware } from 'convert-middleware/koa';
import Koa, { type Context } from 'koa';

declare module 'koa' {
  interface ExtendableContext {
    convertOutlet: ConvertContext<'outlet-hero'>;
  }
}

type Experiences = 'homepage-hero' | 'spring-sale';

function hero(convert: ConvertContext<Experiences>): string {
  // @ts-expect-error no experience of this project has that key
  convert.runExperience('homepage-herro');
  return convert.runExperience('homepage-hero')?.key ?? 'original';
}

const app = new Koa<{ user: string }>();
const middleware = convertMiddleware({
  sdkKey: '1001/2002',
  store: new Map<string, unknown>(),
  visitor: { id: (ctx) => ctx.get('x-user') },
});
export const made: Convert = middleware.convert;
app.use(middleware);
app.use(convertMiddleware());
app.use(convertMiddleware(createConvert({ sdkKey: '1001/2002' })));
// @ts-expect-error no such option
app.use(convertMiddleware({ sdkKeys: '1001/2002' }));
// @ts-expect-error what the functions get is Koa's context
app.use(convertMiddleware({ skip: (ctx) => ctx.get(1) === '' }));

app.use(async (ctx, next) => {
  const key: string | undefined = ctx.convert.runExperience('homepage-hero')?.key;
  // @ts-expect-error it is typed, not any
  ctx.convert.runExperiment('homepage-hero');
  ctx.body = `${key} ${ctx.state.user} ${hero(ctx.convert)}`;
  await next();
});

export function handler(ctx: Context): void {
  ctx.body = ctx.convert.runFeatures().length;
}
app.use(handler);
app.use(convertMiddleware(createConvert({ sdkKey: '1001/2003' }), { as: 'convertOutlet' }));
app.use((ctx) => {
  // @ts-expect-error no experience of the outlet has that key
  ctx.convertOutlet.runExperience('homepage-hero');
  ctx.body = ctx.convertOutlet.runExperience('outlet-hero')?.key;
});
