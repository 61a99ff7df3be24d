/** An engine of this package, with what it does for one request. */
import { engineVisitor } from '../engines.js';
import { locationProperties, projectOf, visitorProperties } from '../experiments.js';

export function contestant(engine, experiments) {
  const project = engine.load(projectOf(experiments));
  const visitor = (id, state) => engineVisitor(id, state, locationProperties(), visitorProperties());
  return {
    all: (id) => project.experiences(visitor(id, {}), {}),
    one: (id, { key }) => project.experience(key, visitor(id, {}), {}),
    /** The state of a visitor who was decided for all experiments before. */
    remember(id) {
      const decisions = project.experiences(visitor(id, {}), {});
      const bucketing = Object.fromEntries(
        decisions.map(({ variation }) => [variation.experienceId, variation.id]),
      );
      const { locations } = decisions.findLast(({ change }) => change.locations)?.change ?? {};
      return { id, state: { bucketing, locations } };
    },
    sticky: ({ id, state }, { key }) => project.experience(key, visitor(id, state), {}),
    variationOf: ({ variation }) => variation?.key,
  };
}
