/** The query parameters that visitor properties are made of, by their names. */

/** Links of ads carry one of these: it names the click to the network that sold it. */
export const CLICK_IDS = [
  // Google Ads (the last two from apps on iOS), Campaign Manager
  ...(['gclid', 'gbraid', 'wbraid', 'dclid'] as const),
  // Meta, Microsoft, TikTok, X, LinkedIn
  ...(['fbclid', 'msclkid', 'ttclid', 'twclid', 'li_fat_id'] as const),
  // Snapchat, Pinterest, Reddit, Yandex
  ...(['ScCid', 'epik', 'rdt_cid', 'yclid'] as const),
] as const;

export type ClickId = (typeof CLICK_IDS)[number];

export const UTM = ['utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content'] as const;

export type Utm = (typeof UTM)[number];

const MAX_UTM = 256;
/** Those of Meta have some 200 characters. */
const MAX_CLICK_ID = 512;

/** Each with the number of characters that are looked at. */
export const PARAMETERS: ReadonlyMap<string, number> = new Map<string, number>([
  ...UTM.map((name) => [name, MAX_UTM] as const),
  ...CLICK_IDS.map((name) => [name, MAX_CLICK_ID] as const),
]);
