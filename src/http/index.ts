import type { Resource } from './endpoint.ts'
import { audit } from './routes/audit.ts'
import { deployments } from './routes/deployments.ts'
import { features } from './routes/features.ts'
import { health } from './routes/health.ts'
import { jobs } from './routes/jobs.ts'
import { keys } from './routes/keys.ts'
import { models } from './routes/models.ts'
import { outcomes } from './routes/outcomes.ts'
import { predictions } from './routes/predictions.ts'
import { versions } from './routes/versions.ts'

/** One file in `routes/` and one line here for each kind of object, in the order of the documentation. */
export const resources = {
	keys,
	models,
	versions,
	deployments,
	predictions,
	features,
	outcomes,
	jobs,
	audit,
	health,
} satisfies Record<string, Resource>
