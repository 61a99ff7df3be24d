/**
 * Checks the types of the code in the documentation: each block of JavaScript or TypeScript, against the source of the
 * package. What a block uses and does not declare is in `snippets.d.ts`. A block that shows errors says so: ```ts wrong
 * Run: `npm run check:docs`, or `node .github/scripts/check-snippets.js FILE ...`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import { snippetsOf } from './markdown.js';

const root = join(import.meta.dirname, '../..');
const given = process.argv.slice(2);
const files = given.length > 0 ? given : ['README.md', ...pages()];

/** The types of what a block has from the blocks before, by what the code does with it: the first one that fits. */
const APPS = [
  { looksLike: /\bevent\b/, type: "import('h3').H3" },
  { looksLike: /enableShutdownHooks/, type: 'any' },
  { looksLike: /\bctx\b/, type: "import('koa')" },
  { looksLike: /\bc\.(?:get|set|req|res)\b/, type: "import('hono').Hono<any>" },
  { looksLike: /\brequest\.convert|\bapp\.register\(|\breply\b/, type: "import('fastify').FastifyInstance" },
  { looksLike: /(?:)/, type: "import('express').Express" },
];
const CONVERTS = [
  { looksLike: /\.open\(|withConvert/, type: "import('../src/fetch.js').FetchConvert" },
  { looksLike: /(?:)/, type: "import('../src/index.js').Convert" },
];
const NAMES = { app: APPS, convert: CONVERTS };

/** Not strict: readers adapt the code, and examples leave out what is not their topic. */
const OPTIONS = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
  types: ['node'],
  typeRoots: [join(root, 'node_modules/@types')],
  baseUrl: root,
  paths: {
    'convert-middleware': [join(root, 'src/index.ts')],
    'convert-middleware/*': [join(root, 'src/*.ts')],
  },
  jsx: ts.JsxEmit.ReactJSX,
  // Nest's decorators of parameters.
  experimentalDecorators: true,
  strict: false,
  esModuleInterop: true,
  skipLibCheck: true,
  noEmit: true,
};

const DECLARATIONS = ['snippets.d.ts', 'snippet-modules.d.ts'].map((file) => join(import.meta.dirname, file));

const blocks = new Map();
for (const file of files) {
  for (const { language, isWrong, code, line } of snippetsOf(readFileSync(resolve(root, file), 'utf8'))) {
    if (!['js', 'jsx', 'ts', 'tsx'].includes(language) || isWrong) continue;
    // The first line takes the place of the fence, so that lines are those of the page.
    const text = `${declarationsFor(code)} export {};\n${code}`;
    blocks.set(join(root, `.snippets/${blocks.size}.tsx`), { file, line, text });
  }
}

const host = ts.createCompilerHost(OPTIONS);
const { getSourceFile, fileExists, readFile } = host;
host.fileExists = (path) => blocks.has(path) || fileExists(path);
host.readFile = (path) => blocks.get(path)?.text ?? readFile(path);
host.getSourceFile = (path, ...rest) =>
  blocks.has(path)
    ? ts.createSourceFile(path, blocks.get(path).text, rest[0], true)
    : getSourceFile.call(host, path, ...rest);

const program = ts.createProgram([...DECLARATIONS, ...blocks.keys()], OPTIONS, host);
let problems = 0;
for (const [path, { file, line }] of blocks) {
  const source = program.getSourceFile(path);
  for (const found of [
    ...program.getSyntacticDiagnostics(source),
    ...program.getSemanticDiagnostics(source),
  ]) {
    problems += 1;
    const at = line + source.getLineAndCharacterOfPosition(found.start).line;
    console.error(`${file}:${at}: ${ts.flattenDiagnosticMessageText(found.messageText, ' ')}`);
  }
}
if (problems > 0) process.exitCode = 1;
console.log(`${blocks.size} blocks of code, ${problems === 0 ? 'all' : `${problems} problems`} in order`);

function declarationsFor(code) {
  const missing = Object.entries(NAMES).filter(
    ([name]) => !new RegExp(String.raw`\b(?:const|let|var) ${name}\b|import \{[^}]*\b${name}\b`).test(code),
  );
  return missing
    .map(([name, types]) => {
      const { type } = types.find(({ looksLike }) => looksLike.test(code));
      return `declare const ${name}: ${type};`;
    })
    .join(' ');
}

function pages() {
  return readdirSync(join(root, 'docs'), { recursive: true })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file));
}
