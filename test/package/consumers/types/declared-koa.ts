/** What an app exports without writing types: each is named in its declarations, though only one entry is imported. */
import { convertMiddleware } from 'convert-middleware/koa';

export const middleware = convertMiddleware();
export const { convert } = middleware;
export const { open, close, on, stats, forVisitor } = convert;
