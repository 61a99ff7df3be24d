/**
 * Code that tells analytics in the page which variations the visitor has, in the shapes of Convert's own integrations,
 * so that reports that were built for Convert's tracking script work unchanged.
 */
import { scriptJson } from './escaping.js';
import type { PageDecision } from './types.js';

/**
 * Pushes what Convert pushes for Google Tag Manager, one object for each experience
 * (support.convert.com, article 204506509). `gadimension` belongs to Universal Analytics, which Google has ended.
 */
export function dataLayerCode(decisions: readonly PageDecision[], name: string): string {
  const layer = `window[${scriptJson(name)}]`;
  const pushes = decisions.map(
    ({ experienceId, variationName }) =>
      `${layer}.push(${scriptJson({
        event: `convert-trigger-experiment-${experienceId}`,
        experiment_id: experienceId,
        variation_name: variationName,
        gadimension: '',
      })});`,
  );
  return `${layer}=${layer}||[];${pushes.join('')}`;
}

/**
 * Sends what Convert's integration sends to Google Analytics 4, one event for each experience (support.convert.com,
 * article 15577127776141). If Google's tag has not defined `gtag` yet, the call is queued in the way of its snippet.
 */
export function ga4Code(decisions: readonly PageDecision[], sendTo: string | undefined): string {
  const events = decisions.map(({ experienceId, variationId }) => ({
    exp_variant_string: `CONV-${experienceId}-${variationId}`,
    ...(sendTo !== undefined && { send_to: sendTo }),
  }));
  const gtag = 'window.gtag||function(){window.dataLayer.push(arguments)}';
  return (
    'window.dataLayer=window.dataLayer||[];' +
    `${scriptJson(events)}.forEach(function(event){(${gtag})("event","experience_impression",event)})`
  );
}
