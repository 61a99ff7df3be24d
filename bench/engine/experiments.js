/**
 * The experiments that the engines decide: all match the one page view that is here, none has a rule of another, and
 * each splits its visitors in half. Plain descriptions, for each engine to be put into its own words.
 */
import { audience, experience, location, project } from '../support/project.js';

export const VARIATIONS = ['original', 'version-b'];

const PATH = '/shop/outdoor/jackets/winter-parka-1042';

/** Made anew for each visitor, as it would be for each request. */
export const locationProperties = () => ({ path: PATH });
export const visitorProperties = () => ({ device: 'desktop', visits: 7 });

/** One condition on the path and two on the visitor. */
export const describeExperiments = (count) =>
  Array.from({ length: count }, (_, index) => ({
    id: 100_400_001 + index,
    key: `experiment-${index + 1}`,
    pathStart: PATH.slice(0, 1 + (index % PATH.length)),
    device: 'desktop',
    visitsBelow: 10 + index,
  }));

/** As a project of Convert. */
export function projectOf(experiments) {
  return projectWith(
    experiments.map(({ id, key, pathStart, device, visitsBelow }) => ({
      id,
      key,
      where: [['path', 'startsWith', pathStart]],
      who: [
        ['device', 'matches', device],
        ['visits', 'less', visitsBelow],
      ],
    })),
  );
}

/**
 * A project for loading: five rules on the location and five on the visitor each; one of the ten may be an expression.
 */
export function largeProject(count, { patterns = false } = {}) {
  return projectWith(
    describeExperiments(count).map(({ id, key, pathStart, device, visitsBelow }, index) => ({
      id,
      key,
      where: [
        ['path', 'startsWith', pathStart],
        ['path', 'contains', 'jackets'],
        patterns
          ? ['url', 'regexMatches', `^https://shop\\.example/shop/[a-z/-]+-\\d{1,${4 + index}}$`]
          : ['url', 'startsWith', 'https://shop.example/shop'],
        ['hostname', 'matches', 'shop.example'],
        ['language', 'startsWith', 'en'],
      ],
      who: [
        ['device', 'matches', device],
        ['visits', 'less', visitsBelow],
        ['country', 'isIn', `us|ca|region-${index}`],
        ['browser', 'contains', 'chrom'],
        ['plan', 'matches', 'pro'],
      ],
    })),
  );
}

/** What matches all of the large project. */
export const largeVisit = () => ({
  locationProperties: {
    path: PATH,
    url: `https://shop.example${PATH}`,
    hostname: 'shop.example',
    language: 'en-US',
  },
  visitorProperties: { device: 'desktop', visits: 7, country: 'us', browser: 'chrome', plan: 'pro' },
});

function projectWith(experiments) {
  const place = (id) => String(id + 100_000_000);
  const people = (id) => String(id + 200_000_000);
  return received({
    ...project,
    experiences: experiments.map(({ id, key }) => experience(id, key, [place(id)], [people(id)])),
    locations: experiments.map(({ id, key, where }) => location(place(id), `${key}-place`, ...where)),
    audiences: experiments.map(({ id, key, who }) =>
      audience(people(id), `${key}-people`, 'transient', ...who),
    ),
  });
}

/** As it comes from the config endpoint: the texts of a parsed config are other texts to the machine than literals. */
const received = (config) => JSON.parse(JSON.stringify(config));
