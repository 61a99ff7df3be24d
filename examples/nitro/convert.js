/** The Convert of this app. */
import { createConvert } from 'convert-middleware';
import project from '../project.json';

const { CONVERT_SDK_KEY: sdkKey, COLLECTOR: track } = process.env;

// Without a key, the project of the examples is used, and nothing is sent but to a COLLECTOR of your own.
export const convert = createConvert(
  sdkKey ? { sdkKey } : { project, ...(track ? { endpoints: { track } } : { delivery: false }) },
);
