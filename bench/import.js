/**
 * What the import of the package adds to a cold start: the CPU time of the import, in a process that has imported
 * Express before, beside the time that Express itself took in the same process. Each process imports once.
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { entryOf } from './support/build.js';
import { compare, randomFrom, shuffled, spreadOf, undisturbed } from './support/statistics.js';
import { figure, printTable } from './support/table.js';

export const name = 'import';
export const description = "CPU time that the import of convert-middleware/express adds to Express's own";

const ROUNDS = { quick: 8, full: 30 };
const require = createRequire(import.meta.url);

/** The code of one process for each format; it prints the microseconds of the first import, and of the second one. */
const FORMATS = {
  ESM: (first, second) => [
    '--input-type=module',
    '-e',
    script(
      `await import(${JSON.stringify(pathToFileURL(first).href)})`,
      `await import(${JSON.stringify(second)})`,
    ),
  ],
  CommonJS: (first, second) => {
    const path = fileURLToPath(second).replace(/\.mjs$/, '.cjs');
    return [
      '--input-type=commonjs',
      '-e',
      script(`require(${JSON.stringify(first)})`, `require(${JSON.stringify(path)})`),
    ];
  },
};

const script = (first, second) => `
  const spent = (before) => { const { user, system } = process.cpuUsage(before); return user + system; };
  const start = process.cpuUsage();
  ${first};
  const between = process.cpuUsage();
  const own = spent(start);
  ${second};
  console.log(own + ' ' + spent(between));
`;

export function run({ quick = false } = {}) {
  const rows = measure(['ours', 'ours again (A/A)'], () => entryOf('express'), quick);
  print(rows, ([ours, again]) => spreadOf(compare(ours.added, again.added)));
}

export function runAgainst({ against, quick = false }) {
  const builds = { this: undefined, other: against, 'this again (A/A)': undefined };
  const rows = measure(Object.keys(builds), (title) => entryOf('express', builds[title]), quick);
  print(rows, ([ours, , again]) => spreadOf(compare(ours.added, again.added)));
}

function measure(titles, entry, quick) {
  const random = randomFrom(7);
  const express = require.resolve('express');
  const lanes = Object.keys(FORMATS).flatMap((format) =>
    titles.map((title) => ({ format, title, own: [], added: [] })),
  );
  for (let round = 0; round < ROUNDS[quick ? 'quick' : 'full']; round += 1) {
    for (const lane of shuffled(lanes, random)) {
      const args = FORMATS[lane.format](express, entry(lane.title));
      const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
      if (status !== 0) throw new Error(stderr);
      const [own, added] = stdout.trim().split(' ').map(Number);
      lane.own.push(own);
      lane.added.push(added);
    }
  }
  return lanes;
}

function print(lanes, spreadOfLanes) {
  for (const format of Object.keys(FORMATS)) {
    const rows = lanes.filter((lane) => lane.format === format);
    console.log(`\n${format}: A/A spread ${(spreadOfLanes(rows) * 100).toFixed(0)}%\n`);
    printTable(
      ['', 'Express, CPU ms', 'added, CPU ms', 'added / Express'],
      rows.map(({ title, own, added }) => [
        title,
        figure(undisturbed(own) / 1000),
        figure(undisturbed(added) / 1000),
        (undisturbed(added) / undisturbed(own)).toFixed(2),
      ]),
    );
  }
}
