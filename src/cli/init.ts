/** The command `init`: a project file, and an app that decides by it, to begin with. */
import { constants, copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { type Command, Mistake } from './command.js';

const FRAMEWORKS = ['express', 'koa', 'fastify'] as const;
type Framework = (typeof FRAMEWORKS)[number];

const HELP = `npx convert-middleware init [options]

Writes a project file, convert.json, and an app that decides by it, app.mjs. It needs no account, and replaces no file.
Other files in the folder stay as they are.

  --framework <name>   ${FRAMEWORKS.join(', ')}; default: the one that package.json names, else it is asked for
  --folder <path>      where the files are written; default: here`;

export const init: Command = {
  summary: 'writes a project file, and an app to begin with',
  help: HELP,
  async run(args) {
    const { folder = '.', framework: given } = parsed(args);
    const framework = given === undefined ? (named(folder) ?? (await asked())) : checked(given);
    const [project, app] = written(folder, framework).map((file) => relative('.', file));
    const isPackage = existsSync(join(folder, 'package.json'));
    const steps = [
      ...(relative('.', folder) === '' ? [] : [`cd ${folder}`]),
      ...(isPackage ? [] : ['npm init -y']),
      `npm install convert-middleware ${framework}`,
      'node app.mjs',
    ];
    process.stdout.write(
      [
        `${project} has the experiences; editors know what may stand in it.`,
        `${app} decides by it. To run it:`,
        '',
        ...steps.map((step) => `  ${step}`),
        '',
      ].join('\n'),
    );
    const other = isPackage ? undefined : packageAbove(folder);
    if (other !== undefined)
      process.stderr.write(
        `There is no package.json beside ${app}: without \`npm init -y\`, npm would install into ${other}.\n`,
      );
  },
};

/** The folder that npm takes for the package of `folder`, which has no package.json; undefined if it is `folder`. */
function packageAbove(folder: string): string | undefined {
  const above = dirname(resolve(folder));
  if (above === resolve(folder)) return undefined;
  const isPackage = ['package.json', 'node_modules'].some((name) => existsSync(join(above, name)));
  return isPackage ? above : packageAbove(above);
}

function parsed(args: readonly string[]): { framework?: string; folder?: string } {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({ args: [...args], options: { framework: text, folder: text } }).values;
  } catch (error) {
    throw new Mistake(`${(error as Error).message}\n\n${HELP}`);
  }
}

function checked(name: string): Framework {
  const framework = FRAMEWORKS.find((each) => each === name.trim().toLowerCase());
  if (framework === undefined)
    throw new Mistake(`--framework must be one of ${FRAMEWORKS.join(', ')} (given '${name}')`);
  return framework;
}

/** The framework that the package.json of the folder names; undefined if there is none, or more than one. */
function named(folder: string): Framework | undefined {
  try {
    const { dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      dependencies?: object;
    };
    const found = FRAMEWORKS.filter((each) => Object.hasOwn(dependencies, each));
    return found.length === 1 ? found[0] : undefined;
  } catch {
    return undefined;
  }
}

async function asked(): Promise<Framework> {
  if (process.stdin.isTTY !== true)
    throw new Mistake(`--framework is missing: ${FRAMEWORKS.join(', ')}\n\n${HELP}`);
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(`Which framework: ${FRAMEWORKS.join(', ')}? [${FRAMEWORKS[0]}] `);
  terminal.close();
  return checked(answer.trim() === '' ? FRAMEWORKS[0] : answer);
}

/**
 * Copies the files, and returns their paths: the project, then the app.
 *
 * @throws Mistake if one of them exists; then nothing is written
 */
function written(folder: string, framework: Framework): string[] {
  const starters = join(
    dirname(createRequire(import.meta.url).resolve('convert-middleware/package.json')),
    'examples/starters',
  );
  // The app is a module wherever it stands, whatever package.json says.
  const files = [
    ['convert.json', 'convert.json'],
    [`${framework}.js`, 'app.mjs'],
  ].map(([from, to]) => ({ from: join(starters, from!), to: join(folder, to!) }));
  const existing = files.filter(({ to }) => existsSync(to)).map(({ to }) => relative('.', to));
  if (existing.length > 0)
    throw new Mistake(
      `${existing.join(' and ')} exist${existing.length > 1 ? '' : 's'} already, and no file is replaced: nothing is` +
        ' written. Name another folder with --folder, or move what is there',
    );
  try {
    mkdirSync(folder, { recursive: true });
    for (const { from, to } of files) copyFileSync(from, to, constants.COPYFILE_EXCL);
  } catch (error) {
    throw new Mistake(`can not write: ${(error as Error).message}`);
  }
  return files.map(({ to }) => to);
}
