/** The table of consent platforms: to add a platform, write a file for it and name it in `TABLE` (CONTRIBUTING.md). */
import { complianz } from './complianz.js';
import { cookiebot } from './cookiebot.js';
import { cookieyes } from './cookieyes.js';
import { didomi } from './didomi.js';
import { iubenda } from './iubenda.js';
import { klaro } from './klaro.js';
import { onetrust } from './onetrust.js';
import { tcf } from './tcf.js';
import { trustarc } from './trustarc.js';
import type { ConsentPlatform } from './types.js';

const TABLE = {
  onetrust,
  cookiebot,
  cookieyes,
  complianz,
  klaro,
  didomi,
  iubenda,
  trustarc,
  tcf,
};

type Table = typeof TABLE;

export type ConsentPlatformName = keyof Table;

export const PLATFORMS: Readonly<Record<ConsentPlatformName, ConsentPlatform>> = TABLE;

export const PLATFORM_NAMES = Object.keys(TABLE) as ConsentPlatformName[];

type IdsOf<Name extends ConsentPlatformName> = Table[Name] extends ConsentPlatform<infer Ids> ? Ids : never;

/** A platform with the ids that the site has at this platform: `{ platform: 'klaro', service: 'matomo' }`. */
export type ConsentPlatformOptions = {
  [Name in ConsentPlatformName]: { platform: Name } & IdsOf<Name>;
}[ConsentPlatformName];

/** The names of the platforms that need no ids: the option `consent` takes such a name alone. */
export type SimplePlatformName = {
  [Name in ConsentPlatformName]: object extends IdsOf<Name> ? Name : never;
}[ConsentPlatformName];
