#!/usr/bin/env node
/** The command line of this package: `npx convert-middleware <command>`. */
import { ConvertError } from '../utils/errors.js';
import { errorLine } from '../utils/operator-log.js';
import { type Command, Mistake } from './command.js';
import { init } from './init.js';
import { serve } from './serve.js';
import { types } from './types.js';

/** Each command is a file beside this one. */
const COMMANDS: Readonly<Record<string, Command>> = { init, serve, types };

const USAGE = [
  'npx convert-middleware <command>, or <command> --help',
  '',
  ...Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(8)} ${summary}`),
].join('\n');

async function main([name = '--help', ...args]: readonly string[]): Promise<void> {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (name === '--help') say(USAGE);
  else if (command === undefined) throw new Mistake(`there is no command '${name}'\n\n${USAGE}`);
  else if (args.includes('--help')) say(command.help);
  else await command.run(args);
}

const say = (text: string): boolean => process.stdout.write(`${text}\n`);

main(process.argv.slice(2)).catch((error: unknown) => {
  if (!(error instanceof Mistake || error instanceof ConvertError)) throw error;
  process.stderr.write(`${error instanceof ConvertError ? errorLine(error) : error.message}\n`);
  process.exitCode = 1;
});
