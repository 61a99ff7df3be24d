/**
 * What the import of the package adds to a cold start: the CPU time of the import, in a process that has imported
 * Express before, beside the time that Express itself took in the same process. Each process imports once.
 *
 * The floor is the CPU time that V8 takes to compile the text of the same files, of which nothing runs.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { entryOf } from './support/build.js';
import { compare, randomFrom, shuffled, spreadOf, undisturbed } from './support/statistics.js';
import { figure, printTable } from './support/table.js';

export const name = 'import';
export const description =
  "CPU time that the import of convert-middleware/express, /koa, /fastify and /fetch adds, as a share of Express's own";

const ROUNDS = { quick: 8, full: 30 };
const express = createRequire(import.meta.url).resolve('express');

/** How a process of each format imports Express and a file of the package. */
const FORMATS = {
  ESM: {
    type: 'module',
    extension: 'mjs',
    express: `await import(${JSON.stringify(pathToFileURL(express).href)})`,
    load: (path) => `await import(${JSON.stringify(pathToFileURL(path).href)})`,
    staticImport: /^(?:import|export)\b[^;]*?["'](\.\/[^"']+)["'];$/gm,
    source: "const fs = await import('node:fs'), vm = await import('node:vm')",
  },
  CommonJS: {
    type: 'commonjs',
    extension: 'cjs',
    express: `require(${JSON.stringify(express)})`,
    load: (path) => `require(${JSON.stringify(path)})`,
    staticImport: /^(?:const|let|var) .*?require\(["'](\.\/[^"']+)["']\)/gm,
    source: "const fs = require('node:fs'), vm = require('node:vm')",
  },
};

export async function run({ quick = false } = {}) {
  const again = 'express again (A/A)';
  const rows = measure(quick, (format) => ({
    express: loading(format, pathOf('express', format)),
    [again]: loading(format, pathOf('express', format)),
    'floor of express: its text, compiled': compiling(format, pathOf('express', format)),
    koa: loading(format, pathOf('koa', format)),
    fastify: loading(format, pathOf('fastify', format)),
    fetch: loading(format, pathOf('fetch', format)),
  }));
  print(rows, 'express', again);
  const bytes = await bundleBytes(pathOf('fetch', FORMATS.ESM));
  console.log(
    `\nfetch in a minified bundle: ${figure(bytes / 1000)} kB gzipped, without what is imported on demand`,
  );
}

export function runAgainst({ against, quick = false }) {
  const again = 'this again (A/A)';
  const rows = measure(quick, (format) => ({
    this: loading(format, pathOf('express', format)),
    other: loading(format, pathOf('express', format, against)),
    [again]: loading(format, pathOf('express', format)),
  }));
  print(rows, 'this', again);
}

const pathOf = (entry, { extension }, build) =>
  fileURLToPath(entryOf(entry, build)).replace(/mjs$/, extension);

const loading = (format, path) => script(format, format.load(path));

const compiling = (format, path) =>
  script(
    format,
    `for (const text of texts) new vm.Script(text)`,
    `${format.source};
     const asScript = (text) => '(async function (exports, require, module) {'
       + text.replace(/^import .*$/gm, '').replace(/^export .*$/gm, '') + '})';
     const texts = ${JSON.stringify(filesOf(format, path))}.map((file) => asScript(fs.readFileSync(file, 'utf8')))`,
  );

/** A file, and those that it imports when it is loaded, at any depth. */
function filesOf(format, path, found = new Set()) {
  if (found.has(path)) return [];
  found.add(path);
  for (const [, specifier] of readFileSync(path, 'utf8').matchAll(format.staticImport))
    filesOf(format, fileURLToPath(new URL(specifier, pathToFileURL(path))), found);
  return [...found];
}

/** The gzipped bytes that a host loads before the first request, dependencies included. */
async function bundleBytes(path) {
  const bundle = await rolldown({
    input: path,
    platform: 'neutral',
    resolve: { mainFields: ['module', 'main'] },
  });
  const { output } = await bundle.generate({ minify: true });
  const chunkOf = new Map(output.map((chunk) => [chunk.fileName, chunk]));
  const loaded = new Set();
  const load = (file) => {
    if (loaded.has(file)) return;
    loaded.add(file);
    chunkOf.get(file).imports.forEach(load);
  };
  load(output.find(({ isEntry }) => isEntry).fileName);
  return [...loaded].reduce((sum, file) => sum + gzipSync(chunkOf.get(file).code).length, 0);
}

/** The code of one process: it prints the microseconds of Express's import, and of what comes second. */
const script = (format, second, before = '') => `
  const spent = (before) => { const { user, system } = process.cpuUsage(before); return user + system; };
  ${before};
  const start = process.cpuUsage();
  ${format.express};
  const between = process.cpuUsage();
  const own = spent(start);
  ${second};
  console.log(own + ' ' + spent(between));
`;

function measure(quick, scriptsOf) {
  const random = randomFrom(7);
  const lanes = Object.entries(FORMATS).flatMap(([format, { type }]) =>
    Object.entries(scriptsOf(FORMATS[format])).map(([title, code]) => ({
      format,
      title,
      args: [`--input-type=${type}`, '-e', code],
      own: [],
      added: [],
    })),
  );
  for (let round = 0; round < ROUNDS[quick ? 'quick' : 'full']; round += 1) {
    for (const lane of shuffled(lanes, random)) {
      const { stdout, stderr, status } = spawnSync(process.execPath, lane.args, { encoding: 'utf8' });
      if (status !== 0) throw new Error(stderr);
      const [own, added] = stdout.trim().split(' ').map(Number);
      lane.own.push(own);
      lane.added.push(added);
    }
  }
  return lanes;
}

function print(lanes, ours, again) {
  for (const format of Object.keys(FORMATS)) {
    const rows = lanes.filter((lane) => lane.format === format);
    const addedBy = (title) => rows.find((row) => row.title === title).added;
    const spread = spreadOf(compare(addedBy(ours), addedBy(again)));
    console.log(`\n${format}: A/A spread ${(spread * 100).toFixed(0)}%\n`);
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
