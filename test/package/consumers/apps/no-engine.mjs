/** What createConvert() says where the official SDK is not installed, in both builds. */
import * as esm from 'convert-middleware';
import { createRequire } from 'node:module';
import { options } from './report.cjs';

const cjs = createRequire(import.meta.url)('convert-middleware');
const attempt = ({ ConvertError, createConvert }) => {
  try {
    createConvert(options());
    return null;
  } catch (error) {
    return { ours: error instanceof ConvertError, code: error.code, message: error.message };
  }
};
console.log(JSON.stringify({ esm: attempt(esm), cjs: attempt(cjs) }));
