/**
 * What Convert's guide to server-side experimentation has every app write for itself, with the official SDK: the parts
 * that do not depend on the framework. Without a data store, which would make it slower still.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import ConvertSDKModule from '@convertcom/js-sdk';
import { project } from '../support/project.js';

// From ESM the package arrives as CommonJS.
const ConvertSDK = ConvertSDKModule.default ?? ConvertSDKModule;

const SILENT = 5;
/** Milliseconds for batches that are on their way already: nothing tells when they are through. */
const GRACE = 40;

export const COOKIE = { secure: true, sameSite: 'lax', maxAge: 31536000000 };

export function startSdk(track) {
  const sdk = new ConvertSDK({
    data: structuredClone(project),
    api: { endpoint: { config: track, track } },
    logger: { logLevel: SILENT, customLoggers: [] },
  });
  return {
    sdk,
    /** Sends what waits, so that nothing is left for the next block. */
    async settle() {
      await sdk.onReady();
      const context = sdk.createContext('nobody');
      for (let sending = context.releaseQueues(); sending; sending = context.releaseQueues()) await sending;
      await sleep(GRACE);
    },
  };
}

/** The attributes that rules are matched against. */
export function attributesOf({ protocol, host, hostname, url, path, query, header, isReturning }) {
  const userAgent = header('user-agent') ?? '';
  return {
    locationProperties: {
      url: `${protocol}://${host}${url}`,
      path,
      hostname,
      referrer: header('referer'),
    },
    visitorProperties: {
      country: header('cf-ipcountry') ?? header('x-vercel-ip-country') ?? 'US',
      device: deviceOf(userAgent),
      browser: browserOf(userAgent),
      visitorType: isReturning ? 'returning' : 'new',
      utm_source: query.utm_source,
      utm_medium: query.utm_medium,
    },
  };
}

function deviceOf(userAgent) {
  if (/iPad|Tablet/i.test(userAgent)) return 'tablet';
  return /Mobi|Android|iPhone/i.test(userAgent) ? 'mobile' : 'desktop';
}

function browserOf(userAgent) {
  if (/Edg\//.test(userAgent)) return 'edge';
  if (/Firefox\//.test(userAgent)) return 'firefox';
  if (/Chrome\//.test(userAgent)) return 'chrome';
  return /Safari\//.test(userAgent) ? 'safari' : 'other';
}
