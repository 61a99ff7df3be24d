/** What an app exports without writing types: each is named in its declarations, though only one entry is imported. */
import { convertMiddleware, route } from 'convert-middleware/koa';

export const middleware = convertMiddleware();
export const { convert } = middleware;
export const { open, close, on, stats, forVisitor } = convert;
export const hook = route(async () => ({ status: 200, headers: {}, body: '' }));
