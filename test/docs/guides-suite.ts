/** Tests of what the guides end in: a file of `examples/guides`, which prints what the guide shows. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endAll, start } from '../examples/processes.js';
import { ROOT } from '../examples/root.js';

/** The guides whose files the fast tier runs. */
const FAST = ['features', 'webhooks'];

/** The processes that run at the same time. */
const LANES = 2;

/** The last section of a guide: the file that it links, and the text that this file prints. */
const ENDING =
  /\n## A file that runs\n[^]*?\]\(\.\.\/\.\.\/(examples\/guides\/[\w-]+\.js)\)[^]*?\n```text\n([^]*?)```\n$/;

interface Ending {
  readonly guide: string;
  readonly file: string;
  readonly shown: string;
}

/** Call it at the top of a test file. */
export function guidesSuite(tier: 'fast' | 'slow'): void {
  const endings = endingsOf(tier);
  const runs = new Map<string, Promise<{ code: number | null; printed: string }>>();

  beforeAll(() => {
    const lanes: Promise<unknown>[] = Array.from({ length: LANES }, () => Promise.resolve());
    for (const [index, { file }] of endings.entries()) {
      const run = lanes[index % LANES]!.then(() => runToEnd(file));
      lanes[index % LANES] = run;
      runs.set(file, run);
    }
  });
  afterAll(endAll);

  describe('the file of a guide prints what the guide shows', () => {
    it.each(endings)('$guide', async ({ file, shown }) => {
      expect(await runs.get(file)).toEqual({ code: 0, printed: shown });
    });
  });

  if (tier === 'slow') return;
  it('each file is linked by the guide of its name', () => {
    const files = readdirSync(join(ROOT, 'examples/guides')).filter((name) => name.endsWith('.js'));
    const linked = [...endingsOf('fast'), ...endingsOf('slow')].map(({ guide }) => `${guide}.js`);
    expect(linked.sort()).toEqual(files.sort());
  });
}

/** What the file has printed, on stderr, too: a line there is something that the reader must be told of. */
async function runToEnd(file: string): Promise<{ code: number | null; printed: string }> {
  const example = start([file]);
  return { code: await example.ended, printed: example.said() };
}

function endingsOf(tier: 'fast' | 'slow'): Ending[] {
  return readdirSync(join(ROOT, 'docs/guides')).flatMap((page) => {
    const guide = page.replace(/\.md$/, '');
    const [, file, shown] = ENDING.exec(readFileSync(join(ROOT, 'docs/guides', page), 'utf8')) ?? [];
    if (file === undefined || shown === undefined || FAST.includes(guide) !== (tier === 'fast')) return [];
    return [{ guide, file, shown }];
  });
}
