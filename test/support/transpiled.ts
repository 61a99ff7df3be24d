/** The sources as plain JavaScript in a folder of its own: for processes that need more than the package exports. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll } from 'vitest';

const SRC = new URL('../../src/', import.meta.url);

/** Call it at the top of a test file; the path is there when tests run. */
export function transpiledSources(): { readonly path: string } {
  const result = { path: '' };
  beforeAll(async () => {
    result.path = await mkdtemp(join(tmpdir(), 'convert-sources-'));
    await writeFile(join(result.path, 'package.json'), '{"type":"module"}');
    const names = await readdir(SRC, { recursive: true });
    for (const name of names.filter((each) => each.endsWith('.ts'))) {
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
