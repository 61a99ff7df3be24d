/** What an app exports without writing types: each is named in its declarations, though only one entry is imported. */
import { convertMiddleware, route } from 'convert-middleware/express';
import type { Request } from 'express';

export const middleware = convertMiddleware();
export const { convert } = middleware;
export const { open, close, on, stats, forVisitor } = convert;
export const forget = (id: string) => convert.forget(id);
export const handler = ({ convert: context }: Request) => context;
export const page = ({ convert: context }: Request) => ({
  bridge: context.bridge,
  explained: context.explain('e'),
  decided: context.runExperience('e'),
  features: context.runFeatures(),
  data: context.getVisitorData(),
  entity: context.getConfigEntity('e', 'experience'),
  conversion: context.trackConversion('g'),
  flushed: context.flush(),
});
export const job = async (id: string) => (await forVisitor(id)).runFeature('f');
export const hook = route(async () => ({ status: 200, headers: {}, body: '' }));
