/** Which files are loaded after the import, by a first Convert, and by a project with a regular expression. */
const { createConvert } = require('convert-middleware');
const { options, withPattern } = require('./report.cjs');

async function main() {
  const steps = [Object.keys(require.cache)];
  for (const given of [options(), withPattern(options())]) {
    const convert = createConvert(given);
    await convert.ready();
    await convert.close();
    steps.push(Object.keys(require.cache));
  }
  console.log(JSON.stringify(steps));
}

void main();
