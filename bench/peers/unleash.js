/**
 * Unleash: a feature per experiment, enabled for everybody whom its constraints match, with two variants. The features
 * come from an own repository, an option of the client: the one it has asks a server and writes a file. No metrics.
 */
import { EventEmitter } from 'node:events';
import { Unleash } from 'unleash-client';
import { VARIATIONS, locationProperties, visitorProperties } from '../engine/experiments.js';

class Repository extends EventEmitter {
  #features;

  constructor(features) {
    super();
    this.#features = Object.fromEntries(features.map((feature) => [feature.name, feature]));
  }

  async start() {
    this.emit('ready');
  }

  stop() {}

  getToggle(name) {
    return this.#features[name];
  }

  getToggles() {
    return Object.values(this.#features);
  }

  getSegment() {}
}

export async function start(experiments) {
  const features = experiments.map(({ key, pathStart, device, visitsBelow }) => ({
    name: key,
    type: 'experiment',
    enabled: true,
    impressionData: false,
    variants: [],
    strategies: [
      {
        name: 'default',
        parameters: { groupId: key },
        constraints: [
          { contextName: 'path', operator: 'STR_STARTS_WITH', values: [pathStart] },
          { contextName: 'device', operator: 'IN', values: [device] },
          { contextName: 'visits', operator: 'NUM_LT', value: String(visitsBelow) },
        ],
        variants: VARIATIONS.map((name) => ({ name, weight: 500, stickiness: 'userId' })),
      },
    ],
  }));
  const client = new Unleash({
    appName: 'bench',
    // Required, and not asked.
    url: 'http://localhost/',
    repository: new Repository(features),
    disableMetrics: true,
    metricsInterval: 0,
    disableAutoStart: true,
  });
  const ready = new Promise((resolve) => client.once('ready', resolve));
  await client.start();
  await ready;

  const keys = experiments.map(({ key }) => key);
  const context = (userId) => ({
    userId,
    properties: { ...locationProperties(), ...visitorProperties() },
  });
  return {
    all(id) {
      const given = context(id);
      return keys.map((key) => client.getVariant(key, given));
    },
    one: (id, { key }) => client.getVariant(key, context(id)),
    variationOf: ({ name }) => name,
    stop: () => client.destroy(),
  };
}
