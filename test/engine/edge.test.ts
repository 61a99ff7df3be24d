/**
 * The built engine in a bare JavaScript world, as an edge runtime is one: no module of Node, no `process`, no timers.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import vm from 'node:vm';
import { expect, it } from 'vitest';
import type * as engine from '../../src/engine.js';
import { testProject } from '../support/project.js';
import { visitor } from './conformance.js';

const ENGINE = join(import.meta.dirname, '../../dist/engine.cjs');

/** Loads CommonJS into a context that has nothing but ECMAScript and what every runtime has. */
function loadBare(file: string): unknown {
  const context = vm.createContext({ TextEncoder, TextDecoder });
  const loaded = new Map<string, { exports: unknown }>();
  const load = (path: string): unknown => {
    const known = loaded.get(path);
    if (known) return known.exports;
    const module = { exports: {} };
    loaded.set(path, module);
    const code = `(function (module, exports, require) {${readFileSync(path, 'utf8')}\n})`;
    const run = vm.runInContext(code, context, { filename: path }) as (...parts: unknown[]) => void;
    run(module, module.exports, (name: string): unknown => {
      if (name.startsWith('.')) {
        const next = join(dirname(path), name);
        return load(existsSync(next) ? next : `${next}.js`);
      }
      const resolved = createRequire(path).resolve(name);
      // A module of Node resolves to its own name.
      if (!resolved.startsWith('/')) throw new Error(`${name} is not there at the edge`);
      return load(resolved);
    });
    return module.exports;
  };
  return load(file);
}

it('decides without anything of Node', () => {
  const { compile, compiledEngine } = loadBare(ENGINE) as typeof engine;
  expect(compiledEngine().name).toBe('compiled');
  const project = compile(testProject());
  expect(project.experience('homepage-hero', visitor({}), {})).toMatchObject({ reason: 'bucketed' });
  expect(() => compile({ account_id: '1' })).toThrow('project is missing');
});

it('does not find what the edge does not have', () => {
  expect(() => loadBare(join(import.meta.dirname, '../../dist/express.cjs'))).toThrow(
    'is not there at the edge',
  );
});
