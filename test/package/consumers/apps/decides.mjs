/** What createConvert() decides with, in both builds, where nothing else is installed. */
import * as esm from 'convert-middleware';
import { createRequire } from 'node:module';
import { options } from './report.cjs';

const cjs = createRequire(import.meta.url)('convert-middleware');
const decide = async ({ createConvert }) => {
  const convert = createConvert(options());
  const visitor = await convert.forVisitor('mary');
  const variation = visitor.peek('homepage-hero')?.key;
  const { engine } = convert.stats();
  await convert.close();
  return { engine, variation };
};
console.log(JSON.stringify({ esm: await decide(esm), cjs: await decide(cjs) }));
