import { describe, expect, it } from 'vitest';
import {
  checkEndpoint,
  checkSdkKey,
  configUrl,
  DEFAULT_CONFIG_ENDPOINT,
  DEFAULT_TRACK_ENDPOINT,
  trackingUrl,
} from '../../src/project/endpoints.js';
import { project } from './helpers.js';

const badOption = (message: string) =>
  expect.objectContaining({
    code: 'CONVERT_BAD_OPTION',
    message: expect.stringContaining(message) as string,
  }) as Error;

describe('checkEndpoint', () => {
  it.each([
    [DEFAULT_CONFIG_ENDPOINT, DEFAULT_CONFIG_ENDPOINT],
    ['https://proxy.example/convert', 'https://proxy.example/convert/'],
    ['http://127.0.0.1:8080/', 'http://127.0.0.1:8080/'],
    ['http://localhost:8080', 'http://localhost:8080/'],
    ['http://[::1]:8080/x', 'http://[::1]:8080/x/'],
  ])('accepts %s', (given, base) => {
    expect(checkEndpoint('endpoints.config', given)).toBe(base);
  });

  it('accepts the placeholder for tracking only', () => {
    expect(checkEndpoint('endpoints.track', DEFAULT_TRACK_ENDPOINT)).toBe(DEFAULT_TRACK_ENDPOINT);
    expect(() => checkEndpoint('endpoints.config', DEFAULT_TRACK_ENDPOINT)).toThrow(
      badOption('not a complete URL'),
    );
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
    [undefined, 'type undefined'],
    ['https://user:geheim@cdn.example/', 'user name or password'],
    ['https://cdn.example/?token=geheim', 'query'],
  ])('refuses %s and names the option', (given, why) => {
    expect(() => checkEndpoint('endpoints.config', given)).toThrow(badOption('endpoints.config'));
    expect(() => checkEndpoint('endpoints.config', given)).toThrow(badOption(why));
    expect(() => checkEndpoint('endpoints.config', given)).not.toThrow(badOption('geheim'));
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
});

describe('addresses', () => {
  it('of the config are those of the official SDK', () => {
    const base = 'https://cdn-4.convertexperiments.com/api/v1/';
    expect(configUrl(DEFAULT_CONFIG_ENDPOINT, '1/2')).toBe(`${base}config/1/2`);
    expect(configUrl(DEFAULT_CONFIG_ENDPOINT, '1/2', 'a&b')).toBe(`${base}config/1/2?environment=a%26b`);
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
