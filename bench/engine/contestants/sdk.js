/**
 * The official SDK as its documentation has it: one instance, a context per visitor, its own memory as the store (up
 * to 10,000 visitors). Nothing is sent: what it would send is thrown away after each call, since a queue that nobody
 * empties is searched from end to end for every event, and would be all that is measured.
 */
import sdk from '@convertcom/js-sdk';
import { locationProperties, projectOf, visitorProperties } from '../experiments.js';

const ConvertSDK = sdk.default ?? sdk;
/** `LogLevel.SILENT`. */
const SILENT = 5;

export function start(experiments) {
  const project = projectOf(experiments);
  const create = () =>
    new ConvertSDK({
      data: project,
      network: { tracking: false },
      logger: { logLevel: SILENT, customLoggers: [] },
    });
  // Each kind of visitors has an instance of its own: no other pushes them out of the store.
  const [forAll, forOne, forSticky] = [create(), create(), create()];
  const call = (instance, id, decide) => {
    const result = decide(instance.createContext(id), {
      locationProperties: locationProperties(),
      visitorProperties: visitorProperties(),
    });
    instance._apiManager._requestsQueue.reset();
    return result;
  };
  return {
    all: (id) => call(forAll, id, (context, attributes) => context.runExperiences(attributes)),
    one: (id, { key }) => call(forOne, id, (context, attributes) => context.runExperience(key, attributes)),
    remember(id) {
      call(forSticky, id, (context, attributes) => context.runExperiences(attributes));
      return id;
    },
    sticky: (id, { key }) =>
      call(forSticky, id, (context, attributes) => context.runExperience(key, attributes)),
    variationOf: (variation) => variation?.key,
  };
}
