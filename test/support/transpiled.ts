/** The sources as plain JavaScript in a folder of their own: for processes that need more than the package exports. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { transformSync } from 'rolldown/utils';
import { beforeAll, inject } from 'vitest';
import { madeOnce } from './once.js';

const SRC = new URL('../../src/', import.meta.url);
const NAME = 'sources';

/** Call it at the top of a test file; they are there when tests run. All files of a run share them. */
export function transpiledSources(): string {
  beforeAll(() => madeOnce(NAME, transpile));
  return join(inject('sharedFolder'), NAME);
}

async function transpile(folder: string): Promise<void> {
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  const names = await readdir(SRC, { recursive: true });
  for (const name of names.filter((each) => each.endsWith('.ts'))) {
    const source = await readFile(new URL(name, SRC), 'utf8');
    const target = join(folder, name.replace(/\.ts$/, '.js'));
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, toJavaScript(name, source));
  }
}

/** What the bundler of the build makes of a file: TypeScript itself takes seconds for all of them. */
export function toJavaScript(name: string, source: string): string {
  const how = { target: 'es2022', typescript: { onlyRemoveTypeImports: true } };
  const { code, errors } = transformSync(name, source, how);
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'));
  return code;
}
