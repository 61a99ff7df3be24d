/**
 * Completes the user agents of Facebook's apps. Most of their requests name a browser and the app; some have the part
 * of the app alone, such as `[FBAN/FB4A;FBDV/SM-A546B;FBSV/14;...]`, which says which system and device it is, too.
 */

/** The user agent of one of Facebook's apps without a browser: `FBAN` names the app. */
const BARE = /^\[FBAN\/[\w.-]{1,64};/;
const APPLE = /;FBSN\/(?:iOS|iPadOS|iPhone OS);/;
const PAD = /;FBDV\/iPad/;
/** Android tablets that say so in their model. The app does not tell the kind of an Android device otherwise. */
const ANDROID_TABLET = /;FBDV\/(?:SM-[TXP]\d|[^;]*\b(?:Tab|Pad|Tablet)\b)/i;
const MODEL = /;FBDV\/([^;]{1,64})/;
const SYSTEM_VERSION = /;FBSV\/(\d[\d.]{0,15})/;

/** Puts the browser of the system in front of a user agent that names only one of Facebook's apps. */
export function withBrowser(userAgent: string): string {
  if (!BARE.test(userAgent)) return userAgent;
  const version = SYSTEM_VERSION.exec(userAgent)?.[1] ?? '';
  if (APPLE.test(userAgent) || userAgent.startsWith('[FBAN/FBIOS')) {
    const device = PAD.test(userAgent) ? 'iPad; CPU OS' : 'iPhone; CPU iPhone OS';
    const system = `${device} ${version.replaceAll('.', '_')} like Mac OS X`;
    return `Mozilla/5.0 (${system}) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 ${userAgent}`;
  }
  const model = MODEL.exec(userAgent)?.[1] ?? 'K';
  const mobile = ANDROID_TABLET.test(userAgent) ? '' : ' Mobile';
  const engine = `AppleWebKit/537.36 (KHTML, like Gecko)${mobile} Safari/537.36`;
  return `Mozilla/5.0 (Linux; Android ${version}; ${model}) ${engine} ${userAgent}`;
}
