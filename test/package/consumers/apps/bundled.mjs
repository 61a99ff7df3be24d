/** An app that a bundler makes one file of. What it can't load, it tells. */
import { createConvert } from 'convert-middleware';
import { geoipLite } from 'convert-middleware/geoip-lite';
import { lmdbStore } from 'convert-middleware/lmdb';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'convert-bundled-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

async function main() {
  const convert = createConvert({
    project: JSON.parse(readFileSync('project.json', 'utf8')),
    endpoints: { track: process.env.TRACK },
    store: lmdbStore(folder),
  });
  const visitor = await convert.forVisitor('mary');
  const variation = visitor.runExperience('homepage-hero')?.key;
  await convert.close();
  const geo = geoipLite({ only: 'country' });
  await geo.load();
  return { variation, country: geo.read({ ip: '8.8.8.8' }).country };
}

main().then(
  (found) => console.log(JSON.stringify(found)),
  (error) => console.log(JSON.stringify({ code: error.code, message: error.message })),
);
