import { describe, expect, it } from 'vitest';
import {
  checkSdkKey,
  type ConfigQuery,
  configUrl,
  DEFAULT_CONFIG_ENDPOINT,
  DEFAULT_TRACK_ENDPOINT,
  endpointProblem,
  trackingUrl,
} from '../../src/project/endpoints.js';
import { project } from './helpers.js';

const badOption = (message: string) =>
  expect.objectContaining({
    code: 'CONVERT_BAD_OPTION',
    message: expect.stringContaining(message) as string,
  }) as Error;

describe('endpointProblem', () => {
  it.each([
    DEFAULT_CONFIG_ENDPOINT,
    'https://proxy.example/convert',
    'http://127.0.0.1:8080/',
    'http://localhost:8080',
    'http://[::1]:8080/x',
  ])('is none of %s', (given) => {
    expect(endpointProblem('endpoints.config', given)).toBeUndefined();
  });

  it('is none of the placeholder, for tracking only', () => {
    expect(endpointProblem('endpoints.track', DEFAULT_TRACK_ENDPOINT)).toBeUndefined();
    expect(endpointProblem('endpoints.config', DEFAULT_TRACK_ENDPOINT)).toContain('not a complete URL');
  });

  it.each([
    ['http://cdn.example/', 'given is http://cdn.example'],
    ['http://localhost.evil.example/', 'https'],
    ['http://127.0.0.1.evil.example/', 'https'],
    ['ftp://cdn.example/', 'https'],
    ['file:///etc/passwd', 'https'],
    ['cdn.example/api', 'not a complete URL'],
    ['https://cdn.example/api ', 'not a complete URL'],
    ['', 'not a complete URL'],
    ['https://user:geheim@cdn.example/', 'user name or password'],
    ['https://cdn.example/?token=geheim', 'query'],
  ])('of %s says what is wrong', (given, why) => {
    expect(endpointProblem('endpoints.config', given)).toContain(why);
    expect(endpointProblem('endpoints.config', given)).not.toContain('geheim');
  });
});

describe('checkSdkKey', () => {
  it.each(['10035569/10034190', 'abc_DEF-1', 'a/b/c'])('accepts %s', (key) => {
    expect(checkSdkKey(key)).toBe(key);
  });

  it.each(['', '/', 'a/', '/a', 'a//b', '../a', 'a?b', 'a b', 'a\n', 'a#b', 'ä', 5, undefined])(
    'refuses %j',
    (key) => {
      expect(() => checkSdkKey(key)).toThrow(badOption('sdkKey'));
    },
  );

  it('tells of white space, which environment variables often bring along, and quotes nothing', () => {
    const messageFor = (key: string): string => {
      try {
        return checkSdkKey(key);
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(messageFor('1001/2002\n')).toMatch(/; the given one begins or ends with white space$/);
    expect(messageFor('1001/2002\n')).not.toContain('2002');
    expect(messageFor('1001//2002')).not.toContain('white space');
  });
});

describe('addresses', () => {
  it('of the config are those of the official SDK', () => {
    const base = 'https://cdn-4.convertexperiments.com/api/v1/';
    expect(configUrl(DEFAULT_CONFIG_ENDPOINT, '1/2')).toBe(`${base}config/1/2`);
    const url = (query: ConfigQuery) => configUrl(DEFAULT_CONFIG_ENDPOINT, '1/2', query);
    expect(url({ environment: 'a&b' })).toBe(`${base}config/1/2?environment=a%26b`);
    expect(url({ environment: 'a', lowCache: true })).toBe(
      `${base}config/1/2?environment=a&_conv_low_cache=1`,
    );
    expect(url({ lowCache: true })).toBe(`${base}config/1/2?_conv_low_cache=1`);
    expect(url({ debugToken: 'a b&' })).toBe(`${base}config/1/2?debug_token=a%20b%26&_conv_low_cache=1`);
    expect(configUrl('https://proxy.example/v1', '1/2')).toBe('https://proxy.example/v1/config/1/2');
  });

  it('of tracking carry the project, and the SDK key or what it is made of', () => {
    const convert = 'https://200.metrics.convertexperiments.com/v1/track';
    expect(trackingUrl(undefined, '1/2', project())).toBe(`${convert}/1/2`);
    expect(trackingUrl(undefined, undefined, project())).toBe(`${convert}/100/200`);
    expect(trackingUrl('https://proxy.example/v1', 'k', project())).toBe('https://proxy.example/v1/track/k');
    expect(trackingUrl('https://p.example/[project_id]/', 'k', project())).toBe(
      'https://p.example/200/track/k',
    );
  });
});
