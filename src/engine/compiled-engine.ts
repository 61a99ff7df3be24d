/** The compiled engine with all of its parts: whoever loads it can compile any config at once. */
import { type CompiledEngineOptions, compileProject } from './compiled-project.js';
import { compileRegex } from './regex/safe-regex.js';
import type { Engine } from './types.js';

/** Makes the compiled engine. Its project configs must be validated and deeply frozen (see `compileProject`). */
export function compiledEngine(options: CompiledEngineOptions = {}): Engine {
  return { name: 'compiled', load: (config) => compileProject(config, options, compileRegex) };
}
