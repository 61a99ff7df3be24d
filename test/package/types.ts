/** Apps in TypeScript: the types are found, and are the right ones, whatever `module` says. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { compile, run } from './commands.js';
import { addProgram, type CompilerOptions, FRAMEWORKS, installFlat, TYPES } from './layouts.js';
import type { WhenPacked } from './suite.js';

const ALL = ['core', 'express', 'koa', 'fastify'];
const files = (...extensions: string[]): string[] =>
  ALL.flatMap((name) => extensions.map((extension) => `${name}.${extension}`));

const MODULES: Record<string, { files: string[]; options: CompilerOptions }> = {
  // TypeScript 5 resolves as Node 10 did here: without `exports`.
  commonjs: { files: files('ts'), options: { module: 'commonjs' } },
  node16: { files: files('mts', 'cts'), options: { module: 'node16' } },
  nodenext: { files: files('mts', 'cts'), options: { module: 'nodenext' } },
  'esnext with bundler': { files: files('ts'), options: { module: 'esnext', moduleResolution: 'bundler' } },
  'preserve with bundler': {
    files: files('ts'),
    options: { module: 'preserve', moduleResolution: 'bundler' },
  },
};

const KOA_TYPES = [
  'accepts',
  'content-disposition',
  'cookies',
  'http-assert',
  'http-errors',
  'keygrip',
  'koa-compose',
].map((name) => `@types/${name}`);

/** What only an app of one framework has, with the declarations of all packages checked too. */
interface Alone {
  readonly packages: string[];
  readonly copies?: string[];
  readonly options?: Partial<CompilerOptions>;
  /** The name of its files. Default: that of the row. */
  readonly file?: string;
}
const ALONE: Record<string, Alone> = {
  // No package beside ours, not even the types of Node.
  core: { packages: [], options: { types: [] } },
  express: { packages: ['express', '@types/express', '@types/node'] },
  // Here, Express 5 has brought a `content-disposition` whose own types those of Koa don't fit. In an app that has Koa
  // alone, its types are those of @types: so the types of Koa must look for them from there.
  koa: { packages: ['koa', '@types/node', ...KOA_TYPES], copies: ['@types/koa'] },
  fastify: { packages: ['fastify', '@fastify/view', '@types/node'] },
  // `Request` and `Response` are those of Node, or of browsers, as on hosts that have types of their own.
  fetch: { packages: ['@types/node'] },
  'fetch without Node': {
    packages: [],
    options: { types: [], lib: ['ES2022', 'DOM', 'DOM.Iterable'] },
    file: 'fetch',
  },
  workers: {
    packages: ['@cloudflare/workers-types'],
    options: { types: ['@cloudflare/workers-types'] },
  },
};

/** Apps that have declarations made, one entry in each: the programs of one compiler would share what they import. */
const DECLARED = [...ALL, 'rest'].map((name): [string, string] => [`${name}, declared`, `declared-${name}`]);

/** An app whose keys the command `types` has declared: in a file for ES modules, and in one for CommonJS. */
const KEYS = 'keys, declared by the command types';

async function complaintsOfKeys(app: string): Promise<string> {
  const made = ['convert.d.mts', 'convert.d.cts'];
  const program = addProgram(app, 'keys', ['keys.mts', 'keys.cts'], { module: 'nodenext' }, made);
  const alone = addProgram(app, 'keys-alone', ['keys-alone.mts'], { module: 'nodenext' }, [
    `../keys/${made[0]}`,
  ]);
  const command = join(app, 'node_modules/convert-middleware/dist/cli.mjs');
  for (const out of made) {
    const args = [command, 'types', '--project', join(app, 'project.json'), '--out', out];
    const { code, stderr } = await run(process.execPath, args, { cwd: program });
    if (code !== 0) return stderr;
  }
  return (await compile(program)) + (await compile(alone));
}

/** @param only the names of the programs to compile; all of them if it is left out */
export function typeSuite(packed: WhenPacked, only?: readonly string[]): void {
  const isMeant = ([name]: [string, unknown]): boolean => only === undefined || only.includes(name);
  const modules = Object.entries(MODULES).filter(isMeant);
  const alone = Object.entries(ALONE).filter(isMeant);
  const declared = DECLARED.filter(isMeant);
  const complaints = new Map<string, Promise<string>>();
  beforeAll(() => {
    const { temp, tarball } = packed();
    const app = installFlat(temp, tarball, { name: 'typed', packages: [...FRAMEWORKS, ...TYPES] });
    for (const [name, program] of modules) {
      complaints.set(
        name,
        compile(addProgram(app, name.replaceAll(' ', '-'), program.files, program.options)),
      );
    }
    for (const [name, file] of declared) {
      const program = addProgram(app, file, [`${file}.mts`, `${file}.cts`], {
        module: 'nodenext',
        declaration: true,
      });
      complaints.set(name, compile(program));
    }
    if (isMeant([KEYS, undefined])) complaints.set(KEYS, complaintsOfKeys(app));
    for (const [name, { packages, copies, options, file = name }] of alone) {
      const folder = `${name.replaceAll(' ', '-')}-alone`;
      const app = installFlat(temp, tarball, { name: folder, packages, copies });
      const program = { module: 'nodenext', skipLibCheck: false, ...options };
      complaints.set(name, compile(addProgram(app, 'src', [`${file}.mts`, `${file}.cts`], program)));
    }
  });

  it.each(modules)('module: %s', async (name) => {
    expect(await complaints.get(name)).toBe('');
  });

  it.each(declared)('G1: %s', async (name) => {
    expect(await complaints.get(name)).toBe('');
  });

  it.runIf(isMeant([KEYS, undefined]))(KEYS, async () => {
    expect(await complaints.get(KEYS)).toBe('');
  });

  describe('with skipLibCheck: false and nothing else installed', () => {
    it.each(alone)('%s', async (name) => {
      expect(await complaints.get(name)).toBe('');
    });
  });
}
