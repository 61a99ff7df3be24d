/** The command line of what is tried in a temporary folder: which names were asked for, a table, and the faults. */
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printTable } from '../../bench/support/table.js';

const isOk = (finding) => finding === 'ok';

/**
 * `run({ root, folder, names })` resolves with tables: `{ columns, rows }`, of which each row is `{ title, findings }`.
 * `findings` are `ok`, `not tried`, or faults, for the last of `columns`. The exit code is 1 if there is a fault, and 2
 * if a name is unknown.
 */
export async function tryAll({ names, installing, run }) {
  const wanted = process.argv.slice(2).map((name) => name.toLowerCase());
  const beginsWith = (start) => (name) => name.toLowerCase().startsWith(start);
  const unknown = wanted.filter((start) => !names.some(beginsWith(start)));
  if (unknown.length > 0) {
    console.error(`There is no ${unknown.join(', ')}. There are: ${names.join(', ')}`);
    process.exit(2);
  }
  const chosen = names.filter(
    (name) => wanted.length === 0 || wanted.some((start) => beginsWith(start)(name)),
  );

  const root = join(import.meta.dirname, '../..');
  const folder = await mkdtemp(join(await realpath(tmpdir()), 'convert-tried-'));
  console.log(`Installing ${installing} ...\n`);
  try {
    const tables = await run({ root, folder, names: chosen });
    for (const { columns, rows } of tables) {
      printTable(
        columns,
        rows.map(({ title, findings }) => [...title, ...findings.map(shown)]),
      );
      console.log();
    }
    for (const fault of tables.flatMap(faultsIn)) {
      console.error(`\n${fault}`);
      process.exitCode = 1;
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function shown(finding) {
  return isOk(finding) || finding === 'not tried' ? finding : 'FAILED';
}

/** The first fault of each row: what comes after it was not tried. */
function faultsIn({ columns, rows }) {
  return rows.flatMap(({ title, findings }) => {
    const at = findings.findIndex((finding) => !isOk(finding));
    return at < 0 ? [] : [`${[...title, columns[title.length + at]].join(', ')}: ${findings[at]}`];
  });
}
