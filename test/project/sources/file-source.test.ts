import { writeFileSync } from 'node:fs';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { fileSource, type FileSourceOptions } from '../../../src/project/sources/file-source.js';
import { temporaryFolder } from '../../support/folder.js';
import { later, project, recorder, started, until, versionOf } from '../helpers.js';

let folder: string;
let file: string;
const text = (version: string) => JSON.stringify(project(version));

beforeEach(async () => {
  folder = temporaryFolder('project');
  file = join(folder, 'project.json');
});

/** In one step, so that nobody sees half of it. */
async function put(content: string): Promise<void> {
  await writeFile(`${file}.new`, content);
  await rename(`${file}.new`, file);
}

/** Resolves after several looks of another source, so that what has not happened by then does not happen. */
async function severalLooks(): Promise<void> {
  const other = join(folder, 'other.json');
  await writeFile(other, text('1'));
  const sink = started(fileSource(other, { interval: 10, settleMs: 10 }));
  await until(() => expect(sink.unchangedCount).toBeGreaterThan(5));
}

function reading(path = file, options: FileSourceOptions = {}) {
  return started(fileSource(path, { interval: 10, settleMs: 10, ...options }));
}

describe('a project file', () => {
  it('is read at start', async () => {
    await writeFile(file, text('1'));
    const sink = reading();
    await until(() => expect(sink.configs).toEqual([project('1')]));
  });

  it('is read again when it is written in place, also with the same size', async () => {
    await writeFile(file, text('1'));
    const sink = reading();
    await until(() => expect(sink.configs).toHaveLength(1));
    await writeFile(file, text('2'));
    await until(() => expect(sink.configs.map(versionOf)).toEqual(['1', '2']));
  });

  it('is read again when it changes right after it was read, in the same tick of the clock of files', async () => {
    // (Since Linux 6.13 that clock ticks so finely that this is no different from any other change.)
    for (let round = 0; round < 10; round += 1) {
      const path = join(folder, `${round}.json`);
      writeFileSync(path, text('1'));
      const source = fileSource(path, { interval: 10, settleMs: 10 });
      later(() => source.stop());
      const seen: unknown[] = [];
      source.start({
        ...recorder(),
        config(config) {
          seen.push(versionOf(config));
          if (seen.length === 1) writeFileSync(path, text('2'));
          return true;
        },
      });
      await until(() => expect(seen).toEqual(['1', '2']));
    }
  });

  it('is not read while it is being written', async () => {
    await put(text('1'));
    const sink = reading(file, { settleMs: 1_000 });
    await until(() => expect(sink.configs).toHaveLength(1));
    writeFileSync(file, text('2').slice(0, 50));
    await new Promise((done) => setTimeout(done, 50));
    writeFileSync(file, text('2'));
    await until(() => expect(sink.configs.map(versionOf)).toEqual(['1', '2']));
    expect(sink.errors).toEqual([]);
  });

  it('is read again when another takes its name, as editors do', async () => {
    await writeFile(file, text('1'));
    const sink = reading();
    await until(() => expect(sink.configs).toHaveLength(1));
    await put(text('2'));
    await until(() => expect(sink.configs.map(versionOf)).toEqual(['1', '2']));
    expect(sink.errors).toEqual([]);
  });

  it('is read again when a link on the way is swapped, as Kubernetes does', async () => {
    for (const version of ['1', '2']) {
      await mkdir(join(folder, version));
      await writeFile(join(folder, version, 'project.json'), text(version));
    }
    await symlink(join(folder, '1'), join(folder, 'data'));
    await symlink(join('data', 'project.json'), file);
    const sink = reading();
    await until(() => expect(sink.configs).toHaveLength(1));
    await symlink(join(folder, '2'), join(folder, 'data.new'));
    await rename(join(folder, 'data.new'), join(folder, 'data'));
    await until(() => expect(sink.configs.map(versionOf)).toEqual(['1', '2']));
  });

  it('is not delivered again when only its time stamp changed', async () => {
    await put(text('1'));
    const sink = reading();
    await until(() => expect(sink.configs).toHaveLength(1));
    await put(text('1'));
    const before = sink.unchangedCount;
    await until(() => expect(sink.unchangedCount).toBeGreaterThan(before + 3));
    expect(sink.configs).toHaveLength(1);
  });

  it('may be broken for a while: that is told once, the last config stays, and the repair is seen', async () => {
    await put(text('1'));
    const sink = reading();
    await until(() => expect(sink.configs).toHaveLength(1));
    await put(text('2').slice(0, 50));
    await until(() => expect(sink.errors).toHaveLength(1));
    expect(sink.errors[0]).toMatchObject({ code: 'CONVERT_BAD_PROJECT' });
    expect(sink.errors[0]?.message).toContain(`project file ${file} is not JSON: it is cut off`);
    await severalLooks();
    expect(sink.errors).toHaveLength(1);
    await put('{"error":"other"}');
    await until(() => expect(sink.errors).toHaveLength(2));
    expect(sink.configs).toHaveLength(1);

    const before = sink.unchangedCount;
    await put(text('1'));
    await until(() => expect(sink.unchangedCount).toBeGreaterThan(before));
    await put(text('3'));
    await until(() => expect(sink.configs.map(versionOf)).toEqual(['1', '3']));
    expect(sink.errors).toHaveLength(2);
  });

  it('may be missing at start, appear, go and come back', async () => {
    const sink = reading();
    await until(() => expect(sink.errors.length).toBeGreaterThan(1));
    expect(sink.errors[0]).toMatchObject({ code: 'CONVERT_PROJECT_UNREACHABLE' });
    expect(sink.errors[0]?.message).toContain(`project file ${file} cannot be read: ENOENT`);
    await put(text('1'));
    await until(() => expect(sink.configs).toHaveLength(1));

    const errors = sink.errors.length;
    await rm(file);
    await until(() => expect(sink.errors.length).toBeGreaterThan(errors));
    const before = sink.unchangedCount;
    await put(text('1'));
    await until(() => expect(sink.unchangedCount).toBeGreaterThan(before));
    expect(sink.configs).toHaveLength(1);
  });

  it('is refused over its size limit', async () => {
    await put(text('1').padEnd(1_001));
    const sink = reading(file, { maxBytes: 1_000 });
    await until(() => expect(sink.errors.length).toBeGreaterThan(0));
    expect(sink.errors[0]?.message).toContain('larger than 1000 bytes');
    await put(text('1').padEnd(1_000));
    await until(() => expect(sink.configs).toHaveLength(1));
  });

  it('must be a file', async () => {
    const sink = reading(folder);
    await until(() => expect(sink.errors.length).toBeGreaterThan(0));
    expect(sink.errors[0]?.message).toContain('it is not a file');
  });

  it('says nothing after stop, even if it was being read', async () => {
    await put(text('1'));
    const source = fileSource(file);
    const sink = started(source);
    source.stop();
    await severalLooks();
    expect(sink).toMatchObject({ configs: [], errors: [], unchangedCount: 0 });
  });

  it('is looked at no more after stop', async () => {
    await writeFile(file, text('1'));
    const source = fileSource(file, { interval: 10, settleMs: 10 });
    const sink = started(source);
    await until(() => expect(sink.configs).toHaveLength(1));
    source.stop();
    const other = reading();
    await writeFile(file, text('2'));
    await until(() => expect(other.configs.map(versionOf)).toContain('2'));
    expect(sink.configs).toHaveLength(1);
  });

  it('has a path that is settled at construction', () => {
    expect(fileSource('some/project.json').description).toBe(
      `project file ${join(process.cwd(), 'some/project.json')}`,
    );
  });

  it.each([
    ['', 'empty text'],
    ['https://cdn.example/project.json', 'not a URL'],
  ])('cannot be %j', (path, message) => {
    expect(() => fileSource(path)).toThrow(expect.objectContaining({ code: 'CONVERT_BAD_OPTION' }) as Error);
    expect(() => fileSource(path)).toThrow(message);
  });
});
