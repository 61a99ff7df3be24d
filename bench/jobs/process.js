/**
 * A process that works through jobs in a tight loop: for each visitor one exposure and one conversion. Or through the
 * floor.
 */
import { answer } from '../support/children.js';
import { fromBuild } from '../support/build.js';
import { GOAL, project } from '../support/project.js';

/** Everybody takes part in it: jobs have no page and no browser. */
const EXPERIENCE = 'footer';

const { createConvert } = await fromBuild('index');
const [track] = process.argv.slice(2);
let served = 0;

/** What a job can not do without: a hash of the visitor's id, three events as text, and a note of the visitor. */
function floor(count) {
  const notes = new Map();
  let bytes = 0;
  for (let nth = 0; nth < count; nth += 1) {
    const visitorId = `visitor-${(served += 1)}`;
    let hash = 9999;
    for (let at = 0; at < visitorId.length; at += 1)
      hash = Math.imul(hash ^ visitorId.charCodeAt(at), 0x01000193);
    const variationId = hash < 0 ? '300802' : '300803';
    const bucketingData = { 100400110: variationId };
    bytes += JSON.stringify({
      eventType: 'bucketing',
      data: { experienceId: '100400110', variationId },
    }).length;
    bytes += JSON.stringify({ eventType: 'conversion', data: { goalId: '501', bucketingData } }).length;
    const goalData = [{ key: 'amount', value: nth }];
    bytes += JSON.stringify({
      eventType: 'conversion',
      data: { goalId: '501', goalData, bucketingData },
    }).length;
    notes.set(visitorId, bucketingData);
  }
  return bytes + notes.size;
}

/** A new Convert each time, so that its store begins empty. */
async function jobs(count) {
  const convert = createConvert({ project, endpoints: { track }, logger: false });
  await convert.ready();
  for (let nth = 0; nth < count; nth += 1) {
    const visitor = await convert.forVisitor(`visitor-${(served += 1)}`);
    visitor.runExperience(EXPERIENCE);
    visitor.trackConversion(GOAL, { conversionData: [{ key: 'amount', value: nth }] });
  }
  const { waits } = convert.stats().jobs ?? { waits: 0 };
  const { accepted, delivered } = await convert.close({ timeout: 60_000 });
  if (accepted !== 3 * count) throw new Error(`${accepted} events of ${count} jobs`);
  return { waits, lost: accepted - delivered };
}

answer({
  /** Microseconds of CPU time for each job, until all of its events are delivered. */
  async block({ kind, count }) {
    const before = process.cpuUsage();
    const done = kind === 'floor' ? (floor(count), { waits: 0, lost: 0 }) : await jobs(count);
    const { user, system } = process.cpuUsage(before);
    return { ...done, cpu: (user + system) / count };
  },
});
