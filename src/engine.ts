/**
 * The compiled engine by itself: for edge runtimes, tools and tests. It uses nothing of Node.
 */
import { compiledEngine as engineOfValidated } from './engine/compiled-engine.js';
import type { CompiledEngineOptions } from './engine/compiled-project.js';
import type { Engine, EngineProject } from './engine/types.js';
import type { ProjectConfig } from './model/project-config.js';
import { adoptProject } from './project/parse-config.js';

export type { CompiledEngineOptions } from './engine/compiled-project.js';
export type * from './engine/types.js';
export { leftOut } from './project/parse-config.js';
export type { ProjectConfig };
export type * from './convert/public-types.js';

/**
 * Checks a project config, and copies it: what comes back is frozen, and is not checked or copied again. Entities that
 * can't be used are left out; `leftOut(config)` names them.
 *
 * @throws ConvertError `CONVERT_BAD_PROJECT`, with the place in the config
 */
export function validate(config: unknown): ProjectConfig {
  return adoptProject(config, 'the project config');
}

/**
 * Makes the default engine of `createConvert`. Its `load` throws a ConvertError `CONVERT_BAD_PROJECT` for anything else
 * than a project config.
 */
export function compiledEngine(options: CompiledEngineOptions = {}): Engine {
  const engine = engineOfValidated(options);
  return { ...engine, load: (config) => engine.load(validate(config)) };
}

/**
 * Compiles a project config into a project that decides.
 *
 * @throws ConvertError `CONVERT_BAD_PROJECT`, with the place in the config
 */
export function compile(config: unknown, options: CompiledEngineOptions = {}): EngineProject {
  return engineOfValidated(options).load(validate(config));
}
