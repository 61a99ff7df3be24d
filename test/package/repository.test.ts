/**
 * The address of the repository in package.json: the scripts that write it, and the one that stops a release without
 * it.
 */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { helpOn } from '../../src/utils/help.js';
import { temporaryFolder } from '../support/folder.js';
import { run, type Outcome } from './commands.js';
import { ROOT } from './tarball.js';

const SCRIPTS = '.github/scripts';
const PAGE = 'https://github.com/somebody/their-fork';

interface Manifest {
  version: string;
  repository?: unknown;
  homepage?: unknown;
  bugs?: unknown;
}

interface Scripts {
  isPlaceholder: (manifest: { repository?: unknown }) => boolean;
  repositoryPage: (url: unknown) => string | undefined;
  repositoryFields: (page: string | undefined) => Record<'repository' | 'homepage' | 'bugs', unknown>;
}

const { isPlaceholder, repositoryPage, repositoryFields } = (await import(
  pathToFileURL(join(ROOT, SCRIPTS, 'repository.js')).href
)) as Scripts;

const FIELDS = {
  repository: { type: 'git', url: `git+${PAGE}.git` },
  homepage: `${PAGE}#readme`,
  bugs: { url: `${PAGE}/issues` },
};
const OURS = readFileSync(join(ROOT, 'package.json'), 'utf8');
const OUR_PAGE = repositoryPage((JSON.parse(OURS) as { repository: { url: string } }).repository.url);
const HELP = 'src/utils/help.ts';
const PLACEHOLDER = repositoryFields('https://github.com/OWNER/convert-middleware');

/** A copy of package.json and of the scripts, in which the address is the placeholder. */
function copy(changes: Partial<Manifest> = {}) {
  const folder = temporaryFolder('repository');
  const file = join(folder, 'package.json');
  const original = `${JSON.stringify({ ...(JSON.parse(OURS) as Manifest), ...PLACEHOLDER, ...changes }, null, 2)}\n`;
  writeFileSync(file, original);
  cpSync(join(ROOT, HELP), join(folder, HELP));
  cpSync(join(ROOT, SCRIPTS), join(folder, SCRIPTS), { recursive: true });
  const script = (name: string, ...args: string[]): Promise<Outcome> =>
    run(process.execPath, [join(SCRIPTS, name), ...args], { cwd: folder });
  return {
    folder,
    original,
    text: () => readFileSync(file, 'utf8'),
    help: () => readFileSync(join(folder, HELP), 'utf8'),
    setRepository: (...args: string[]) => script('set-repository.js', ...args),
    checkRelease: (...args: string[]) => script('check-release.js', ...args),
  };
}

describe('package.json', () => {
  it('names one repository in all three fields, after the licence', () => {
    const manifest = JSON.parse(OURS) as Manifest;
    expect(manifest).toMatchObject(repositoryFields(OUR_PAGE));
    expect(Object.keys(manifest).join(' ')).toContain('license repository homepage bugs type');
  });

  it('names the repository to which errors link', () => {
    expect(helpOn('CONVERT_STORE')).toBe(`${OUR_PAGE}/blob/main/docs/errors.md#convert_store`);
  });
});

describe('isPlaceholder', () => {
  it.each([
    ['the placeholder', PLACEHOLDER, true],
    ['the placeholder as a text', { repository: 'https://github.com/OWNER/convert-middleware' }, true],
    ['none', {}, true],
    ['an object without a url', { repository: {} }, true],
    ['something that is not on GitHub', { repository: { url: 'git+https://example.com/a/b.git' } }, true],
    ['a repository', FIELDS, false],
    ['a repository as a text', { repository: PAGE }, false],
    ['an owner that begins like it', { repository: 'https://github.com/OWNERS/convert-middleware' }, false],
  ])('%s: %j is %s', (_name, manifest, expected) => {
    expect(isPlaceholder(manifest)).toBe(expected);
  });
});

describe('the address of a repository', () => {
  it.each([
    'https://github.com/somebody/their-fork',
    'https://github.com/somebody/their-fork/',
    'https://github.com/somebody/their-fork.git',
    'https://GitHub.com/somebody/their-fork.git',
    'git+https://github.com/somebody/their-fork',
    'git+https://github.com/somebody/their-fork.git',
    'ssh://git@github.com/somebody/their-fork.git',
    'git+ssh://git@github.com/somebody/their-fork.git',
    'git@github.com:somebody/their-fork',
    'git@github.com:somebody/their-fork.git',
  ])('may be %s', (url) => {
    expect(repositoryPage(url)).toBe(PAGE);
  });

  it('may have dots in its name', () => {
    expect(repositoryPage('git@github.com:a/convert.middleware.js.git')).toBe(
      'https://github.com/a/convert.middleware.js',
    );
  });

  it.each([
    undefined,
    '',
    'somebody/their-fork',
    'github:somebody/their-fork',
    'http://github.com/somebody/their-fork',
    'https://github.com',
    'https://github.com/somebody',
    'https://github.com/somebody/',
    'https://github.com/somebody/..',
    'https://github.com/somebody/.git',
    'https://github.com/-somebody/their-fork',
    'https://github.com/somebody/their-fork/tree/main',
    'https://github.com/somebody/their-fork#readme',
    'https://github.com/somebody/their-fork?tab=security',
    'https://name:secret@github.com/somebody/their-fork.git',
    'https://github.com.example.com/somebody/their-fork',
    'https://gitlab.com/somebody/their-fork.git',
    'ssh://somebody@github.com/somebody/their-fork.git',
    'git@gitlab.com:somebody/their-fork.git',
    ' https://github.com/somebody/their-fork',
    'https://github.com/somebody/their-fork\n',
  ])('is not %j', (url) => {
    expect(repositoryPage(url)).toBeUndefined();
  });
});

describe('set-repository', () => {
  it('changes the three fields, the links of errors, and nothing else', async () => {
    const { setRepository, text, original, help } = copy();
    const before = help();
    const { code, stdout } = await setRepository('git@github.com:somebody/their-fork.git');
    expect({ code, stdout }).toEqual({ code: 0, stdout: `package.json and ${HELP} now name ${PAGE}\n` });
    expect(JSON.parse(text())).toEqual({ ...(JSON.parse(original) as Manifest), ...FIELDS });
    expect(text()).toBe(original.replaceAll('https://github.com/OWNER/convert-middleware', PAGE));
    expect(help()).toContain(`'${PAGE}/blob/main/docs'`);
    expect(help().replace(PAGE, OUR_PAGE!)).toBe(before);
  });

  it('puts fields that are missing after the licence', async () => {
    const { setRepository, text } = copy({ repository: undefined, homepage: undefined, bugs: undefined });
    await setRepository(PAGE);
    expect(JSON.parse(text())).toMatchObject(FIELDS);
    expect(Object.keys(JSON.parse(text()) as Manifest).join(' ')).toContain(
      'license repository homepage bugs',
    );
  });

  it('is a command of npm', async () => {
    const { folder, text } = copy();
    const { code } = await run('npm', ['run', 'set-repository', PAGE], { cwd: folder });
    expect(code).toBe(0);
    expect(JSON.parse(text())).toMatchObject(FIELDS);
  });

  it.each([
    [],
    ['https://gitlab.com/somebody/their-fork'],
    ['https://github.com/OWNER/convert-middleware.git'],
    ['https://name:secret@github.com/somebody/their-fork.git'],
    [PAGE, PAGE],
  ])('refuses %s %s', async (...args: string[]) => {
    const { setRepository, text, original } = copy();
    const { code, stdout, stderr } = await setRepository(...args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^set-repository needs the address of your repository on GitHub/);
    expect(stderr).not.toMatch(/\n +at |secret/);
    expect(text()).toBe(original);
  });
});

describe('check-release', () => {
  it('stops while the repository is the placeholder', async () => {
    const { checkRelease } = copy({ version: '1.2.3' });
    expect(await checkRelease('v1.2.3')).toEqual({
      code: 1,
      stdout: '',
      stderr: "package.json doesn't name the repository yet: npm run set-repository <url>\n",
    });
  });

  it.each([['v1.2.4'], ['1.2.3'], ['v1.2.3-beta.1'], []])('stops for the tag %s of 1.2.3', async (...tag) => {
    const { checkRelease } = copy({ version: '1.2.3', ...FIELDS });
    const { code, stdout, stderr } = await checkRelease(...tag);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('the version in package.json is 1.2.3: v1.2.3.');
  });

  it.each([
    ['1.2.3', 'latest'],
    ['2.0.0-beta.1', 'next'],
    ['2.0.0+build-5', 'latest'],
  ])('lets %s pass, as %s', async (version, distTag) => {
    const { checkRelease } = copy({ version, ...FIELDS });
    expect(await checkRelease(`v${version}`)).toEqual({ code: 0, stdout: `${distTag}\n`, stderr: '' });
  });
});
