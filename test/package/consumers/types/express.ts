/** What an Express app in TypeScript writes. */
import { type Convert, type ConvertContext, createConvert } from 'convert-middleware';
import { convertMiddleware } from 'convert-middleware/express';
import express, { type Request, type Response } from 'express';

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- as the guide for two projects says
  namespace Express {
    interface Request {
      convertOutlet: ConvertContext<'outlet-hero'>;
    }
  }
}

type Experiences = 'homepage-hero' | 'spring-sale';

function hero(convert: ConvertContext<Experiences>): string {
  // @ts-expect-error no experience of this project has that key
  convert.runExperience('homepage-herro');
  return convert.runExperience('homepage-hero')?.key ?? 'original';
}

const app = express();
const middleware = convertMiddleware({
  sdkKey: '1001/2002',
  visitor: { id: (request) => request.get('x-user') },
  skip: (request) => request.path.startsWith('/assets'),
});
export const made: Convert = middleware.convert;
app.use(middleware);
app.use(convertMiddleware());
app.use('/shop', convertMiddleware(createConvert({ sdkKey: '1001/2002' })));
// @ts-expect-error no such option
app.use(convertMiddleware({ sdkKeys: '1001/2002' }));
// @ts-expect-error the request is Express's
app.use(convertMiddleware({ skip: (request) => request.routerPath === '/' }));
// @ts-expect-error no such choice
app.use(convertMiddleware({ bots: 'ignore' }));

app.get('/', (req, res) => {
  const variation = req.convert.runExperience('homepage-hero', { visitorProperties: { plan: 'pro' } });
  const name: string | undefined = variation?.key;
  const same: ConvertContext = res.locals.convert;
  // @ts-expect-error it is typed, not any
  req.convert.runExperiment('homepage-hero');
  // @ts-expect-error it is typed, not any
  res.locals.convert.runExperiment('homepage-hero');
  req.convert.trackConversion('purchase', {
    conversionData: [{ key: 'amount', value: 10 }],
  });
  res.send(`${name} ${same.visitorId} ${hero(req.convert)}`);
});

export async function handler(req: Request<{ id: string }>, res: Response): Promise<void> {
  await req.convert.flush({ timeout: 1000 });
  res.end(req.params.id);
}
app.get('/:id', handler);
app.use(convertMiddleware(createConvert({ sdkKey: '1001/2003' }), { as: 'convertOutlet' }));
// @ts-expect-error the name is a text
app.use(convertMiddleware({ sdkKey: '1001/2003' }, { as: 1 }));
app.get('/outlet', ({ convertOutlet }, res) => {
  // @ts-expect-error no experience of the outlet has that key
  convertOutlet.runExperience('homepage-hero');
  res.send(convertOutlet.runExperience('outlet-hero')?.key);
});
