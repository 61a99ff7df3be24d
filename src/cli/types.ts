/** The command `types`: writes the keys of the project for TypeScript, or checks that they are those of the project. */
import { readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import type { ProjectConfig } from '../model/project-config.js';
import { resolveOptions } from '../options/resolve-options.js';
import { leftOut } from '../project/parse-config.js';
import { resolveProject } from '../project/sources/resolve-source.js';
import type { ProjectSource } from '../project/types.js';
import { cleanText } from '../utils/clean-text.js';
import { codeOf } from '../utils/errors.js';
import { type Command, Mistake } from './command.js';
import { type ProjectTypes, projectTypes } from './project-types.js';

const HELP = `npx convert-middleware types [options]

Writes the keys of the project's experiences, variations, goals and features as TypeScript types, by which a wrong key
is an error of the compiler. Put the file where tsconfig.json includes it.

  --project <file>            a project file, a config or the short form; default: CONVERT_PROJECT_FILE. Several
                              times for several projects in one program
  --sdk-key <key>             fetches the config of this key; default: CONVERT_SDK_KEY
  --sdk-key-secret <secret>   the secret of the key; default: CONVERT_SDK_KEY_SECRET
  --environment <name>        leaves out what runs in another environment; default: all environments
  --config-endpoint <url>     the base address of the config endpoint; default: Convert's
  --out <file>                default convert.d.ts
  --check                     writes nothing; ends with 1 and says what differs, if the file is not up to date`;

const text = { type: 'string' } as const;
const OPTIONS = {
  project: { ...text, multiple: true },
  'sdk-key': text,
  'sdk-key-secret': text,
  environment: text,
  'config-endpoint': text,
  out: text,
  check: { type: 'boolean' },
} as const;

export const types: Command = {
  summary: 'writes the keys of the project as TypeScript types',
  help: HELP,
  async run(args) {
    const given = parsed(args);
    const { environment, out = 'convert.d.ts', check = false } = given;
    const configs = await Promise.all(sourcesOf(given, process.env).map(configOf));
    for (const problem of configs.flatMap(leftOut))
      process.stderr.write(`${cleanText(problem)}: it is left out\n`);
    const made = projectTypes(configs, environment);
    process.stdout.write(`${check ? await checked(out, made) : await written(out, made)}\n`);
  },
};

type Given = ReturnType<typeof parsed>;

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch (error) {
    throw new Mistake(`${(error as Error).message}\n\n${HELP}`);
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Returns the sources as `createConvert` would make them, but for all environments, unless one is given. */
function sourcesOf(given: Given, env: Environment): ProjectSource[] {
  const { project: projects = [undefined], 'sdk-key': sdkKey } = given;
  if (given.project !== undefined && sdkKey !== undefined)
    throw new Mistake('--project and --sdk-key are two sources of the config: give one of them');
  return projects.map((project) => sourceOf(given, project, env));
}

function sourceOf(given: Given, project: string | undefined, env: Environment): ProjectSource {
  const { environment, 'sdk-key': sdkKey, 'config-endpoint': endpoint } = given;
  // A secret belongs to its key.
  const isOwn = !env.CONVERT_SDK_KEY || env.CONVERT_SDK_KEY === sdkKey;
  const sdkKeySecret = given['sdk-key-secret'] ?? (sdkKey && isOwn ? env.CONVERT_SDK_KEY_SECRET : undefined);
  const options = resolveOptions(
    {
      project,
      sdkKey,
      sdkKeySecret: sdkKeySecret || undefined,
      endpoints: { config: endpoint },
      logger: false,
    },
    env,
  );
  return resolveProject({ ...options, environment, endpoint: options.endpoints?.config });
}

/** Resolves with the first config of the source. Rejects with its first error: a command does not try again. */
async function configOf(source: ProjectSource): Promise<ProjectConfig> {
  // No source keeps a process alive, and a command has nothing else that does.
  const alive = setInterval(() => undefined, 1_000);
  try {
    return await new Promise((resolve, reject) =>
      source.start({
        config(config) {
          resolve(config);
          return true;
        },
        error: reject,
        unchanged() {},
        cacheFailed() {},
        recovered() {},
      }),
    );
  } finally {
    clearInterval(alive);
    source.stop();
  }
}

async function written(out: string, made: ProjectTypes): Promise<string> {
  // A file that is as it should be is left alone, so that nothing that watches it starts to work.
  if ((await contentOf(out)) === made.text) return `${out} is up to date: ${countsOf(made)}`;
  try {
    await writeFile(out, made.text);
  } catch (error) {
    const why = codeOf(error) === 'ENOENT' ? `: there is no folder ${dirname(out)}` : ` (${codeOf(error)})`;
    throw new Mistake(`can not write ${out}${why}`);
  }
  return `${out}: ${countsOf(made)}`;
}

async function checked(out: string, made: ProjectTypes): Promise<string> {
  const content = await contentOf(out);
  if (content === undefined) throw new Mistake(`there is no file ${out}: make it without --check`);
  const [before, now] = [linesOf(content), linesOf(made.text)];
  if (before.join('\n') === now.join('\n')) return `${out} is up to date: ${countsOf(made)}`;
  const differences = [
    ...before.filter((line) => !now.includes(line)).map((line) => `- ${line}`),
    ...now.filter((line) => !before.includes(line)).map((line) => `+ ${line}`),
  ];
  const what = differences.length === 0 ? ['the order of the lines'] : differences;
  throw new Mistake(
    [`${out} is not up to date: make it again without --check`, ...what.map((line) => cleanText(line))].join(
      '\n',
    ),
  );
}

async function contentOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new Mistake(`can not read ${file} (${codeOf(error)})`);
  }
}

/** Git may write the ends of lines in another way. */
const linesOf = (content: string): string[] => content.split(/\r?\n/).map((line) => line.trim());

const countsOf = ({ counts }: ProjectTypes): string =>
  Object.entries(counts)
    .map(([kind, count]) => `${count} ${count === 1 ? kind.slice(0, -1) : kind}`)
    .join(', ');
