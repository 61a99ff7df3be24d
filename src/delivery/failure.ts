/** The one error of a delivery that fails: what the endpoint did, what becomes of the events, the way out. */
import { ConvertError } from '../utils/errors.js';
import type { Verdict } from './post-outcome.js';

const CONSEQUENCE: Readonly<Record<Exclude<Verdict, 'delivered'>, string>> = {
  retry: 'its events are kept and sent again',
  pause: 'all events are kept and it is asked again; check the SDK key and `endpoints.track`',
  halve: 'an event is too large for it even alone, and was given up',
  reject: 'the batch was given up; check the SDK key and `endpoints.track`',
};

export function deliveryError(
  failure: string,
  verdict: Exclude<Verdict, 'delivered'>,
  url: string,
): ConvertError {
  const message = `the tracking endpoint ${failure}: ${CONSEQUENCE[verdict]} (${publicUrl(url)})`;
  return new ConvertError('CONVERT_DELIVERY', message);
}

/** Without query and credentials. */
function publicUrl(url: string): string {
  if (!URL.canParse(url)) return 'its URL is not valid';
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
