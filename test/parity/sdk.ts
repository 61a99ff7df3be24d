/** The official SDK, and where it sees visitors in the traffic. */
import ConvertSDKModule from '@convertcom/js-sdk';

/** The class: from ESM the package arrives as CommonJS. */
export const ConvertSDK = ((ConvertSDKModule as unknown as { default?: unknown }).default ??
  ConvertSDKModule) as new (config: object) => unknown;

interface Bucketing {
  getValueVisitorBased(visitorId: string, options: { experienceId: string }): number;
}

const { _bucketingManager: bucketing } = (
  new ConvertSDK({
    data: { account_id: '1', project: { id: '1' } },
    network: { tracking: false },
    logger: { logLevel: 5, customLoggers: [] },
  }) as { _dataManager: { _bucketingManager: Bucketing } }
)._dataManager;

/** 0 to 9999. */
export function placeOf(experienceId: string, visitorId: string): number {
  return bucketing.getValueVisitorBased(visitorId, { experienceId });
}
