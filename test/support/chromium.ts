/** The browser of the tests that need one: skipped in sight without it, and an error where all must run. */
import { existsSync } from 'node:fs';

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';

export const hasChromium = existsSync(executablePath);

export const CHROMIUM = {
  executablePath,
  args: [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
};

if (!hasChromium && process.env.CI === 'true') {
  throw new Error(`no Chromium at ${executablePath}: install it, or set CHROMIUM_PATH`);
}
