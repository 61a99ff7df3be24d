/**
 * GrowthBook: the client for servers, a user context per visitor. Without callbacks it builds no exposure, and without
 * sticky buckets it stores nothing.
 */
import { GrowthBookClient } from '@growthbook/growthbook';
import { VARIATIONS, locationProperties, visitorProperties } from '../engine/experiments.js';

export function start(experiments) {
  const features = Object.fromEntries(
    experiments.map(({ key, pathStart, device, visitsBelow }) => [
      key,
      {
        defaultValue: 'off',
        rules: [
          {
            key,
            seed: key,
            hashAttribute: 'id',
            hashVersion: 2,
            variations: VARIATIONS,
            // Without their keys, sticky buckets are not found again.
            meta: VARIATIONS.map((variation) => ({ key: variation })),
            weights: [0.5, 0.5],
            coverage: 1,
            // There is no "starts with" but this.
            condition: { path: { $regex: `^${pathStart}` }, device, visits: { $lt: visitsBelow } },
          },
        ],
      },
    ]),
  );
  const client = new GrowthBookClient().initSync({ payload: { features } });
  const keys = experiments.map(({ key }) => key);
  const user = (id) => ({ attributes: { id, ...locationProperties(), ...visitorProperties() } });
  const decideAll = (context) => keys.map((key) => client.evalFeature(key, context));
  return {
    all: (id) => decideAll(user(id)),
    one: (id, { key }) => client.evalFeature(key, user(id)),
    remember(id) {
      const documents = {};
      decideAll({
        ...user(id),
        stickyBucketAssignmentDocs: documents,
        saveStickyBucketAssignmentDoc: async () => {},
      });
      return { id, documents };
    },
    sticky: ({ id, documents }, { key }) =>
      client.evalFeature(key, {
        ...user(id),
        stickyBucketAssignmentDocs: documents,
        saveStickyBucketAssignmentDoc: async () => {},
      }),
    variationOf: ({ value }) => value,
    stop: () => client.destroy({ destroyAllStreams: true }),
  };
}
