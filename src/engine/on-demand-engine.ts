/**
 * The compiled engine as `createConvert` makes it: its parts are loaded before the first config that needs them, which
 * is on its way meanwhile. The packages for regular expressions take longest, and many projects need none of them.
 */
import type { ProjectConfig } from '../model/project-config.js';
import { asConvertError } from '../utils/errors.js';
import { allOf, LazyModule } from '../utils/lazy-module.js';
import type * as Compiler from './compiled-project.js';
import type * as Regexes from './regex/safe-regex.js';
import type { Engine } from './types.js';

const PARTS = {
  compiler: new LazyModule<Pick<typeof Compiler, 'compileProject'>>(() => import('./compiled-project.js')),
  regexes: new LazyModule<Pick<typeof Regexes, 'compileRegex'>>(() => import('./regex/safe-regex.js')),
};

/** Makes the engine. Its project configs must be validated and deeply frozen (see `compileProject`). */
export function onDemandEngine(
  options: Compiler.CompiledEngineOptions = {},
  { compiler, regexes } = PARTS,
): Engine {
  // Every config needs it. If that fails, `prepare` tells.
  compiler.need()?.catch(() => undefined);
  return {
    name: 'compiled',
    prepare: (config) =>
      allOf(compiler.need(), hasRegexes(config) ? regexes.need() : undefined)?.catch(failed),
    load(config) {
      const { compileProject } = compiler.loaded ?? {};
      const { compileRegex } = regexes.loaded ?? {};
      if (compileProject === undefined || (compileRegex === undefined && hasRegexes(config)))
        return failed('prepare() has to be called before');
      return compileProject(config, options, compileRegex ?? failed);
    },
  };
}

/** Without a part, the rules of a config would decide otherwise. So the config is not used at all. */
function failed(cause: unknown): never {
  const what = 'a part of the engine can not be loaded, so the project config is not taken over';
  throw asConvertError(cause, 'CONVERT_NOT_LOADED', what);
}

/** A rule with a regular expression, as JSON writes its operator. In a text, JSON writes other quotes. */
const OPERATOR = '"match_type":"regexMatches"';

/** True if a rule of the config compares with a regular expression. */
function hasRegexes(config: ProjectConfig): boolean {
  const { locations, audiences, segments, goals, experiences } = config;
  const areas = experiences?.map(({ site_area }) => site_area);
  return JSON.stringify([locations, audiences, segments, goals, areas]).includes(OPERATOR);
}
