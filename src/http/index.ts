import type { Resource } from './endpoint.ts'
import { audit } from './routes/audit.ts'
import { deployments } from './routes/deployments.ts'
import { health } from './routes/health.ts'
import { keys } from './routes/keys.ts'
import { models } from './routes/models.ts'
import { versions } from './routes/versions.ts'

/** One file in `routes/` and one line here for each kind of object, in the order of the documentation. */
export const resources = {
	keys,
	models,
	versions,
	deployments,
	audit,
	health,
} satisfies Record<string, Resource>
