/** A warning where the app makes an ETag from its data, and none where the ETag is one of the body. */
import type { RequestListener, Server } from 'node:http';
import { createServer } from 'node:http';
import express from 'express';
import request from 'supertest';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type ConvertMiddleware, convertMiddleware } from '../../src/express.js';
import { CHROME } from '../adapters/conformance.js';
import { listen, stop } from '../adapters/harness.js';
import { testProject } from '../support/project.js';
import { runningSession } from '../support/session.js';

let logged: string[];
let middleware: ConvertMiddleware;
let server: Server;
let url: string;

beforeEach(async () => {
  logged = [];
  const log = (message: string): void => void logged.push(message);
  middleware = convertMiddleware({
    project: testProject(),
    endpoints: { track: 'http://127.0.0.1:9' },
    // The head is looked at for each visitor whose cookie of assignments may have to be set.
    assignmentCookie: true,
    secrets: 'a secret of the test',
    logger: { error: log, warn: log, info: log },
  });
  const app = express();
  app.use(middleware);
  app.get('/:case', (req, res) => {
    const hero = req.convert.runExperience('homepage-hero')?.key;
    const body = req.params.case === 'same-page' ? 'the same' : `<h1>${hero}</h1>`;
    const etags: Record<string, string> = {
      data: '"product-42-v7"',
      weak: 'W/"7"',
      'same-page': '"product-42-v7"',
      variation: `"product-42-${hero}"`,
      'one-each': `"${req.convert.visitorId}"`,
    };
    const etag = etags[req.params.case];
    if (etag !== undefined) res.set('ETag', etag);
    if (req.params.case === 'stream') {
      res.set('ETag', '"stream"');
      res.write(body);
      res.end();
    } else res.send(body);
  });
  server = createServer(app as unknown as RequestListener);
  url = await listen(server);
});
afterEach(async () => {
  await stop(server);
  await middleware.convert.close({ timeout: 1 });
});

/** Shows a page to 12 visitors. */
async function show(path: string): Promise<string[]> {
  const shown = new Set<string>();
  for (let n = 0; n < 12; n++) {
    const headers = { 'user-agent': CHROME, cookie: `cv_vid=visitor-${n}; ${runningSession()}` };
    const { text, headers: answered } = await request(url).get(path).set(headers);
    expect(answered.etag).toBeDefined();
    shown.add(text);
  }
  return [...shown];
}
const warnings = () => logged.filter((line) => line.includes('the same ETag'));

it.each(['/data', '/weak', '/stream'])('warns once of %s', async (path) => {
  expect(await show(path)).toHaveLength(2);
  await show(path);
  expect(warnings()).toHaveLength(1);
});

it.each([
  ['the one that Express makes of the body', '/body', 2],
  ['one with the variation in it', '/variation', 2],
  ['one for each visitor', '/one-each', 2],
  ['one of a page that shows no variation', '/same-page', 1],
] as const)('says nothing of %s', async (_, path, pages) => {
  expect(await show(path)).toHaveLength(pages);
  expect(warnings()).toEqual([]);
});
