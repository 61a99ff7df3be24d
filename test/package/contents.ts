/** What the tarball holds, and what it must not. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { VERSION } from '../../src/convert/outbox-factory.js';
import type { WhenPacked } from './suite.js';
import { ROOT } from './tarball.js';

const DOCUMENTS = ['CHANGELOG.md', 'LICENSE', 'README.md'];

export function contentSuite(packed: WhenPacked): void {
  it('holds the build, the manifest, the schema, the starters and the documents, nothing else', () => {
    const outside = packed().tarball.files.filter((file) => !file.startsWith('dist/'));
    const present = DOCUMENTS.filter((file) => existsSync(join(ROOT, file)));
    const starters = ['convert.json', 'express.js', 'fastify.js', 'koa.js'];
    expect(outside).toEqual([
      ...present,
      ...starters.map((file) => `examples/starters/${file}`),
      'package.json',
      'project.schema.json',
    ]);
    expect(packed().tarball.files.filter((file) => !/\.(cjs|mjs|d\.cts|d\.mts)(\.map)?$/.test(file))).toEqual(
      outside,
    );
  });

  it('holds every file that the manifest names', () => {
    const { files, manifest } = packed().tarball;
    const named = JSON.stringify(manifest).match(/dist\/[\w.-]+/g) ?? [];
    expect(named.length).toBeGreaterThanOrEqual(4 * (Object.keys(manifest.exports).length - 1));
    expect(named.filter((file) => !files.includes(file))).toEqual([]);
  });

  it('has a README whose links lead to the repository', () => {
    const { built, manifest, read } = packed().tarball;
    const repository = manifest.repository.url.replace(/^git\+|\.git$/g, '');
    const targets = linksOf(read('README.md'));
    expect(targets.filter((target) => !/^(?:https?:\/\/|#)/.test(target))).toEqual([]);
    expect(targets).toContain(`${repository}/blob/main/docs/README.md`);
    expect(targets).toContain(`${repository}/blob/main/docs/guides/consent.md`);
    expect(targets).toContain(`${repository}/tree/main/examples`);
    expect(targets).toContain(`${repository}/raw/main/examples/shop/screenshot.png`);

    // The README of the repository links relatively, before and after it was packed.
    const source = readFileSync(join(ROOT, 'README.md'), 'utf8');
    expect(readFileSync(join(built, 'README.md'), 'utf8')).toBe(source);
    expect(linksOf(source)).toHaveLength(targets.length);
    expect(linksOf(source)).toContain('docs/README.md');
  });

  it('G5: has no source maps, and points to none', () => {
    const { files, read } = packed().tarball;
    expect(files.filter((file) => file.endsWith('.map'))).toEqual([]);
    const code = files.filter((file) => /\.[cm](js|ts)$/.test(file));
    expect(code.filter((file) => read(file).includes('sourceMappingURL='))).toEqual([]);
  });

  it('G5: has no `import()` of its own files in CommonJS, which Jest can not run', () => {
    const { files, read } = packed().tarball;
    const late = (ending: string, pattern: RegExp): string[] =>
      files.filter((file) => file.endsWith(ending) && pattern.test(read(file)));
    expect(late('.cjs', /\bimport\(\s*["']\./)).toEqual([]);
    expect(late('.cjs', /=> require\("\.\//)).not.toEqual([]);
    expect(late('.mjs', /\bimport\("\.\//)).not.toEqual([]);
  });

  it('says the version of its manifest', () => {
    expect(VERSION).toBe(packed().tarball.manifest.version);
  });

  it('names no folder of the machine that it was built on', () => {
    const { built, files, read } = packed().tarball;
    const folders = [built, ROOT, homedir()].filter((folder) => folder.length > 1);
    const anyHome = /(?:^|[\s"'(])(?:file:\/\/)?(?:\/(?:home|root|Users|tmp|private)\/\w|[A-Z]:\\\\?Users)/;
    const telling = files.filter((file) => {
      const text = read(file);
      return folders.some((folder) => text.includes(folder)) || anyHome.test(text);
    });
    expect(telling).toEqual([]);
  });

  it('G5: is small', () => {
    const { bytes, files, read } = packed().tarball;
    const size = (names: readonly string[]): number =>
      names.reduce((sum, name) => sum + Buffer.byteLength(read(name)), 0);
    const why =
      'what was added is worth its bytes in every installation, or the limit is raised with a reason';
    expect(bytes, why).toBeLessThan(700_000);
    // A tenth of it is docstrings, which editors show: once for ES modules, once for CommonJS.
    expect(size(files), why).toBeLessThan(2_600_000);
  });
}

/** Targets of all links and pictures, however they are written. */
function linksOf(markdown: string): string[] {
  const prose = markdown.replace(/^```[^]*?^```$|`[^`\n]+`/gm, '');
  const links = prose.matchAll(/\]\(([^)\s]*)|^\[[^\]]+\]: (\S+)|(?:href|src)="([^"]*)"/gm);
  return [...links].map(([, inline, defined, attribute]) => inline ?? defined ?? attribute ?? '');
}
