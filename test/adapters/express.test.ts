/** Express: what holds for the major before has its small case here, and all of it in the slow tier. */
import request from 'supertest';
import { describe, expect, it } from 'vitest';
import { testProject } from '../support/project.js';
import { assignmentCookieConformance } from './assignment-cookie.js';
import { adapterConformance, CHROME } from './conformance.js';
import { express4Adapter, express5Adapter } from './express.js';
import { participationConformance } from './participation.js';
import { previewConformance } from './preview.js';
import { sessionConformance } from './session.js';

// Express has no HTTP/2 of its own: its request and response extend those of HTTP/1.
adapterConformance(express5Adapter, { http2: false });

assignmentCookieConformance(express5Adapter);

participationConformance(express5Adapter);

previewConformance(express5Adapter);

sessionConformance(express5Adapter);
sessionConformance(express4Adapter);

describe('the cookie of assignments behind cookie-parser', () => {
  it('is what was set, and not taken for JSON or for one that it has signed', async () => {
    const seen: unknown[] = [];
    const app = await express5Adapter.start({
      convert: {
        project: testProject(),
        endpoints: { track: 'http://127.0.0.1:9' },
        logger: false,
        secrets: 'a secret of the test',
        assignmentCookie: true,
        session: false,
      },
      routes: {
        '/': (x) => {
          x.convert.runExperience('homepage-hero');
          seen.push((x.req as { cookies?: Record<string, unknown> }).cookies?.cv_asg);
          x.send(200, 'ok');
        },
      },
    });
    const visit = (cookie: string) => request(app.url).get('/').set({ 'user-agent': CHROME, cookie });
    const [line] = [(await visit('cv_vid=v1')).headers['set-cookie']].flat() as string[];
    const value = /^cv_asg=([^;]+)/.exec(line ?? '')?.[1];
    expect((await visit(`cv_vid=v1; cv_asg=${value}`)).headers['set-cookie']).toBeUndefined();
    expect(seen).toEqual([undefined, value]);
    await app.close();
    await app.convert.close({ timeout: 1 });
  });
});
