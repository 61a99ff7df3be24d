export function ruleConfig(rules: unknown): unknown;
export function allocationConfig(variations: unknown): unknown;
