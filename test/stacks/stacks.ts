/** The frameworks, each with its example in `examples/`, and what must hold there beside the checks of every app. */
import assert from 'node:assert/strict';
import { type Check, newcomerOf, type Trial } from '../runtimes/check.js';

export interface Stack {
  readonly name: string;
  /** The folder of the app in `examples/`. */
  readonly example: string;
  /** What Node runs, seen from the folder of the app. */
  readonly start: readonly string[];
  readonly own: Check;
}

/** Headline and teaser of each variation. */
const TEASERS = {
  300101: ['Welcome', 'Have a look around.'],
  300102: ['Know what works.', 'See how.'],
};

/** The page at `path` for the visitor who came first. It counts nothing, and sets no cookie. */
async function visitAgain(trial: Trial, path: string): Promise<{ status: number; body: string }> {
  const { cookies } = newcomerOf(trial);
  const { status, body, cookies: more } = await trial.app.visit(path, { cookie: cookies.join('; ') });
  assert.deepEqual(more, []);
  return { status, body };
}

/** What the browser fetches when a link of React Router leads to the page. */
const navigation: Check = async (trial) => {
  const { status, body } = await visitAgain(trial, '/_.data');
  assert.equal(status, 200);
  assert.ok(body.includes(newcomerOf(trial).headline), body);
};

/** Guards, interceptors and filters have the context, too. */
const nest: Check = async (trial) => {
  const { headline, body } = newcomerOf(trial);
  assert.match(body, /<script>window\.__CV__=/);
  const door = await visitAgain(trial, '/members');
  assert.deepEqual(door, { status: 403, body: `<h1>${headline}</h1><p>Members only.</p>` });
};

export const STACKS: readonly Stack[] = [
  {
    name: 'React Router',
    example: 'react-router',
    start: ['../node_modules/.bin/react-router-serve', 'build/server/index.js'],
    own: navigation,
  },
  { name: 'React Router on Express', example: 'react-router-express', start: ['server.js'], own: navigation },
  {
    name: 'SvelteKit',
    example: 'sveltekit',
    start: ['build'],
    /** The page fetches a teaser from the app itself: it belongs to the visitor of the page, and to their preview. */
    own: async (trial) => {
      for (const [variationId, texts] of Object.entries(TEASERS)) {
        const { body } = await visitAgain(trial, `/?convert_preview=3001.${variationId}`);
        for (const text of texts) assert.ok(body.includes(text), body);
      }
    },
  },
  {
    name: 'Astro',
    example: 'astro',
    start: ['dist/server/entry.mjs'],
    /** A page that was built for all visitors is left alone. */
    own: async ({ app }) => {
      const about = await app.visit('/about');
      assert.deepEqual([about.headline, about.cookies], ['About us', []]);
    },
  },
  {
    name: 'Nitro',
    example: 'nitro',
    start: ['.output/server/index.mjs'],
    /** A page that the app fetches from itself belongs to the visitor of the outer page. */
    own: async (trial) => {
      const { status, body } = await visitAgain(trial, '/framed');
      assert.deepEqual([status, body], [200, `<main>${newcomerOf(trial).body}</main>`]);
    },
  },
  { name: 'Nest on Express', example: 'nest', start: ['dist/express.js'], own: nest },
  { name: 'Nest on Fastify', example: 'nest', start: ['dist/fastify.js'], own: nest },
];
