import { expect, it } from 'vitest';
import { HealthReporter } from '../../src/utils/health-reporter.js';

it('tells the first failure of an outage and the success that ends it, each time', () => {
  const health = new HealthReporter();
  expect(health.succeeded()).toBe(false);
  expect([health.failed(), health.failed()]).toEqual([true, false]);
  expect([health.isFailing, health.failures]).toEqual([true, 2]);
  expect([health.succeeded(), health.succeeded()]).toEqual([true, false]);
  expect([health.isFailing, health.failures]).toEqual([false, 0]);
  expect(health.failed()).toBe(true);
});
