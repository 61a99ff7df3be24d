/**
 * LaunchDarkly: a flag per experiment from its test data source, without events. Not with its option `offline`, which
 * gives everybody the default. Its answers are promises.
 */
import { basicLogger, init } from '@launchdarkly/node-server-sdk';
import { TestData } from '@launchdarkly/node-server-sdk/integrations';
import { VARIATIONS, locationProperties, visitorProperties } from '../engine/experiments.js';

export async function start(experiments) {
  const data = new TestData();
  for (const { key, pathStart, device, visitsBelow } of experiments) {
    const clause = (attribute, op, value) => ({
      contextKind: 'user',
      attribute,
      op,
      values: [value],
      negate: false,
    });
    await data.usePreconfiguredFlag({
      key,
      version: 1,
      on: true,
      salt: key,
      variations: ['off', ...VARIATIONS],
      offVariation: 0,
      fallthrough: { variation: 0 },
      prerequisites: [],
      targets: [],
      contextTargets: [],
      rules: [
        {
          id: key,
          trackEvents: false,
          clauses: [
            clause('path', 'startsWith', pathStart),
            clause('device', 'in', device),
            clause('visits', 'lessThan', visitsBelow),
          ],
          rollout: {
            contextKind: 'user',
            bucketBy: 'key',
            variations: VARIATIONS.map((_, index) => ({ variation: index + 1, weight: 50_000 })),
          },
        },
      ],
    });
  }
  const client = init('sdk-bench', {
    updateProcessor: data.getFactory(),
    sendEvents: false,
    diagnosticOptOut: true,
    logger: basicLogger({ level: 'none' }),
  });
  await client.waitForInitialization({ timeout: 10 });

  const keys = experiments.map(({ key }) => key);
  const context = (key) => ({ kind: 'user', key, ...locationProperties(), ...visitorProperties() });
  return {
    isAsync: true,
    all(id) {
      const given = context(id);
      return Promise.all(keys.map((key) => client.variation(key, given, 'none')));
    },
    one: (id, { key }) => client.variation(key, context(id), 'none'),
    variationOf: (value) => value,
    stop: () => client.close(),
  };
}
