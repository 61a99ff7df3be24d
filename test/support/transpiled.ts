/** The sources as plain JavaScript in a folder of its own: for processes that need more than the package exports. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll } from 'vitest';
import { temporaryFolder } from './folder.js';

const SRC = new URL('../../src/', import.meta.url);

/** Call it at the top of a test file; they are there when tests run. */
export function transpiledSources(): string {
  const path = temporaryFolder('sources', afterAll);
  beforeAll(async () => {
    await writeFile(join(path, 'package.json'), '{"type":"module"}');
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
      const target = join(path, name.replace(/\.ts$/, '.js'));
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, outputText);
    }
  });
  return path;
}
