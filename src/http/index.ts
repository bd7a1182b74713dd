import type { Resource } from './endpoint.ts'
import { access } from './routes/access.ts'
import { artifacts } from './routes/artifacts.ts'
import { audit } from './routes/audit.ts'
import { baselines } from './routes/baselines.ts'
import { bias } from './routes/bias.ts'
import { chat } from './routes/chat.ts'
import { deliveries } from './routes/deliveries.ts'
import { deployments } from './routes/deployments.ts'
import { explanations } from './routes/explanations.ts'
import { health } from './routes/health.ts'
import { holds } from './routes/holds.ts'
import { importance } from './routes/importance.ts'
import { incidents } from './routes/incidents.ts'
import { inventory } from './routes/inventory.ts'
import { jobs } from './routes/jobs.ts'
import { keys } from './routes/keys.ts'
import { ledger } from './routes/ledger.ts'
import { lineage } from './routes/lineage.ts'
import { metrics } from './routes/metrics.ts'
import { models } from './routes/models.ts'
import { notices } from './routes/notices.ts'
import { pictures } from './routes/pictures.ts'
import { reasons } from './routes/reasons.ts'
import { replays } from './routes/replays.ts'
import { reports } from './routes/reports.ts'
import { requests } from './routes/requests.ts'
import { features, groups, outcomes, predictions } from './routes/rows.ts'
import { segments } from './routes/segments.ts'
import { silences } from './routes/silences.ts'
import { slack } from './routes/slack.ts'
import { subjects } from './routes/subjects.ts'
import { versions } from './routes/versions.ts'
import { waivers } from './routes/waivers.ts'

/** The kinds of objects, in the order of the documentation. A new kind is a `Resource` in `routes/` and a line here. */
export const resources = {
	keys,
	access,
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
	notices,
	features,
	outcomes,
	groups,
	replays,
	lineage,
	metrics,
	importance,
	segments,
	bias,
	inventory,
	incidents,
	silences,
	requests,
	waivers,
	deliveries,
	chat,
	jobs,
	reports,
	audit,
	ledger,
	subjects,
	holds,
	health,
} satisfies Record<string, Resource>
