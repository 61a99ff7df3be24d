/** A part of the sources as plain JavaScript in a folder of its own: for processes that need more than the package exports. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll } from 'vitest';

const SRC = new URL('../../src/', import.meta.url);

/** The folders `delivery` and `project`, and what they need. Call it at the top of a test file; the path is there when tests run. */
export function transpiledDelivery(): { readonly path: string } {
  const result = { path: '' };
  beforeAll(async () => {
    result.path = await mkdtemp(join(tmpdir(), 'convert-delivery-'));
    await writeFile(join(result.path, 'package.json'), '{"type":"module"}');
    const files = (await Promise.all(['delivery', 'project', 'redis'].map(sourcesIn))).flat();
    for (const name of ['errors.ts', 'backoff.ts', 'options-check.ts', 'redis.ts', ...files]) {
      const source = await readFile(new URL(name, SRC), 'utf8');
      const { outputText } = ts.transpileModule(source, {
        compilerOptions: {
          module: ts.ModuleKind.ESNext,
          target: ts.ScriptTarget.ES2022,
          verbatimModuleSyntax: true,
        },
      });
      const target = join(result.path, name.replace(/\.ts$/, '.js'));
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, outputText);
    }
  });
  afterAll(() => rm(result.path, { recursive: true, force: true }));
  return result;
}

async function sourcesIn(room: string): Promise<string[]> {
  const names = await readdir(new URL(`${room}/`, SRC), { recursive: true });
  return names.filter((name) => name.endsWith('.ts')).map((name) => `${room}/${name}`);
}
