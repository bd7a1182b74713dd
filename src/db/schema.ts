export * from './schema/incidents.ts'
export * from './schema/operations.ts'
export * from './schema/registry.ts'
export * from './schema/slack.ts'
