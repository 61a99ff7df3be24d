import { describe, expect, it } from 'vitest';
import { resolveProject } from '../../../src/project/sources/resolve-source.js';
import type { ProjectSource } from '../../../src/project/types.js';
import { project } from '../helpers.js';

const failsWith = (code: string) => expect.objectContaining({ code }) as Error;

describe('resolveProject', () => {
  it('takes an object, a path, a source or a key for what it is', () => {
    const own: ProjectSource = { description: 'mine', start() {}, stop() {} };
    expect(resolveProject({ project: own })).toBe(own);
    expect(resolveProject({ project: project() }).description).toContain('object');
    expect(resolveProject({ project: './project.json' }).description).toContain('project file /');
    expect(resolveProject({ sdkKey: '1/2' }).description).toContain('/config/1/2');
    expect(resolveProject({ sdkKey: '1/2', endpoint: 'http://localhost:1' }).description).toBe(
      'config endpoint http://localhost:1/config/1/2',
    );
  });

  it('prefers project, and still checks the key', () => {
    expect(resolveProject({ project: project(), sdkKey: '1/2' }).description).toContain('object');
    expect(() => resolveProject({ project: project(), sdkKey: '?' })).toThrow(
      failsWith('CONVERT_BAD_OPTION'),
    );
  });

  it('names the ways to give a project when there is none', () => {
    expect(() => resolveProject({})).toThrow(failsWith('CONVERT_NO_PROJECT'));
    for (const word of ['sdkKey', 'CONVERT_SDK_KEY', 'JSON file', 'CONVERT_PROJECT_FILE', 'config object']) {
      expect(() => resolveProject({ project: undefined, sdkKey: undefined })).toThrow(word);
    }
  });

  it('refuses what is neither', () => {
    const give = (value: unknown) => () => resolveProject({ project: value as ProjectSource });
    expect(give(5)).toThrow(failsWith('CONVERT_BAD_OPTION'));
    expect(give(null)).toThrow(failsWith('CONVERT_BAD_OPTION'));
    expect(give([project(), project()])).toThrow('option `project` is a list: one Convert has one project');
    expect(give('{"experiences":{}}')).toThrow('option `project` is JSON: give the path of a file, or');
    expect(give({ start() {} })).toThrow('a source needs both');
    expect(give({})).toThrow(failsWith('CONVERT_BAD_PROJECT'));
    expect(give({ error: 'Project not found' })).toThrow('Project not found');
  });
});
