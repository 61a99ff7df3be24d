/** Tests that a visitor gets the same variant from the endpoint, from a page of the app, and from the official SDK. */
import { createRequire } from 'node:module';
import type Sdk from '@convertcom/js-sdk';
import { expect, it } from 'vitest';
import { assignmentRoutes } from '../../src/assignment.js';
import { collectorPerTest, create } from '../convert/setup.js';
import { FakeResponse } from '../support/http.js';
import { incoming } from '../request/incoming.js';
import { testProject } from '../support/project.js';
import { post, TOKEN } from './calls.js';

// As Node gives it; what a bundler makes of the import differs.
const { default: ConvertSDK } = createRequire(import.meta.url)('@convertcom/js-sdk') as typeof Sdk;

const KEYS = ['homepage-hero', 'featured', 'spring-sale'];

export function sameVariants(visitors: number): void {
  collectorPerTest();

  it(`${visitors} visitors`, async () => {
    const app = create({ bots: 'include' });
    const routes = assignmentRoutes(create(), { tokens: TOKEN });
    const sdk = new ConvertSDK({
      data: testProject() as never,
      network: { tracking: false },
      logger: { logLevel: 5, customLoggers: [] },
    } as never);
    await sdk.onReady();
    const seen = new Set<string>();
    for (let nth = 0; nth < visitors; nth += 1) {
      const visitor_id = `visitor-${nth}`;
      const { body } = await post(routes, '/experiments/assignments', {
        visitor_id,
        experiment_keys: KEYS,
        context: { url: 'https://shop.example/?utm_campaign=spring' },
      });
      const assigned = (body.assignments as { variant_id?: string }[]).map(({ variant_id }) => variant_id);
      const request = incoming({ url: '/?utm_campaign=spring', headers: { cookie: `cv_vid=${visitor_id}` } });
      const page = await app.open(request, new FakeResponse());
      expect(KEYS.map((key) => page.runExperience(key)?.id)).toEqual(assigned);
      const context = sdk.createContext(visitor_id, { utm_campaign: 'spring' })!;
      const bySdk = KEYS.map(
        (key) => context.runExperience(key, { locationProperties: {} }) as { id?: string },
      );
      expect(bySdk.map(({ id }) => id)).toEqual(assigned);
      for (const id of assigned) seen.add(id!);
    }
    expect([...seen].sort()).toEqual(['1010', '1011', '1040', '1041', '1070', '1071']);
  });
}
