/** `app.use(convertMiddleware)` without the call. */
import { createServer, type RequestListener } from 'node:http';
import express from 'express';
import Koa from 'koa';
import request from 'supertest';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { listen, stop } from './harness.js';

afterEach(() => {
  vi.restoreAllMocks();
  vi.resetModules();
});

async function ask(listener: RequestListener): Promise<string[]> {
  const server = createServer(listener);
  const url = await listen(server);
  const answers = [await request(url).get('/'), await request(url).get('/')];
  await stop(server);
  return answers.map((answer) => `${answer.status} ${answer.text}`);
}

describe('the middleware mounted without calling it', () => {
  it('is told once on Express, with the fix, and the request goes on', async () => {
    const { convertMiddleware } = await import('../../src/express.js');
    const error = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const app = express();
    app.use(convertMiddleware as never);
    app.get('/', (_req, res) => void res.send('page'));
    expect(await ask(app)).toEqual(['200 page', '200 page']);
    expect(error).toHaveBeenCalledOnce();
    expect(error.mock.calls[0]?.[0]).toContain('app.use(convertMiddleware())');
  });

  it('is told once on Koa, with the fix, and the request goes on', async () => {
    const { convertMiddleware } = await import('../../src/koa.js');
    const error = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const app = new Koa();
    app.use(convertMiddleware as never);
    app.use((ctx) => {
      ctx.body = 'page';
    });
    expect(await ask(app.callback() as RequestListener)).toEqual(['200 page', '200 page']);
    expect(error).toHaveBeenCalledOnce();
  });
});
