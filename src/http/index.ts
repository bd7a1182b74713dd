import type { Resource } from './endpoint.ts'
import { artifacts } from './routes/artifacts.ts'
import { audit } from './routes/audit.ts'
import { baselines } from './routes/baselines.ts'
import { bias } from './routes/bias.ts'
import { deployments } from './routes/deployments.ts'
import { explanations } from './routes/explanations.ts'
import { features } from './routes/features.ts'
import { groups } from './routes/groups.ts'
import { health } from './routes/health.ts'
import { importance } from './routes/importance.ts'
import { incidents } from './routes/incidents.ts'
import { jobs } from './routes/jobs.ts'
import { keys } from './routes/keys.ts'
import { lineage } from './routes/lineage.ts'
import { metrics } from './routes/metrics.ts'
import { models } from './routes/models.ts'
import { outcomes } from './routes/outcomes.ts'
import { pictures } from './routes/pictures.ts'
import { predictions } from './routes/predictions.ts'
import { reasons } from './routes/reasons.ts'
import { replays } from './routes/replays.ts'
import { requests } from './routes/requests.ts'
import { segments } from './routes/segments.ts'
import { silences } from './routes/silences.ts'
import { slack } from './routes/slack.ts'
import { versions } from './routes/versions.ts'

/** One file in `routes/` and one line here for each kind of object, in the order of the documentation. */
export const resources = {
	keys,
	slack,
	models,
	versions,
	artifacts,
	baselines,
	deployments,
	predictions,
	explanations,
	pictures,
	reasons,
	features,
	outcomes,
	groups,
	replays,
	lineage,
	metrics,
	importance,
	segments,
	bias,
	incidents,
	silences,
	requests,
	jobs,
	audit,
	health,
} satisfies Record<string, Resource>
