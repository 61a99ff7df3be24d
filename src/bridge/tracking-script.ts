/** Code that hands the visitor, and decisions, to Convert's tracking script, through the queue that it reads. */
import { scriptJson } from './escaping.js';
import type { PageDecision } from './types.js';

/**
 * Names the visitor (`identify`: support.convert.com, "Complete guide: creating integrations"), and gives them the
 * variations of `decisions` (`assignVariation`, `executeExperience`: article 114094164352).
 */
export function trackingScriptCode(visitorId: string, decisions: readonly PageDecision[]): string {
  const commands = [
    { what: 'identify', params: { visitorId } },
    ...decisions.flatMap(({ experienceId, variationId }) => [
      { what: 'assignVariation', params: { experienceId, variationId } },
      { what: 'executeExperience', params: { experienceId } },
    ]),
  ];
  const pushes = commands.map((command) => `window._conv_q.push(${scriptJson(command)});`);
  return `window._conv_q=window._conv_q||[];${pushes.join('')}`;
}
