/** Filled in by the rule language: a validated set of rule files. */
export type RuleSet = { digest: string; rules: readonly unknown[] }
