import type { Role } from '../../src/core/actor.ts'

/**
 * What an operation is about, which decides what a key sees whose scope does not hold the model:
 * `model`: a name in the path or body, 403. `id`: 404, as if it were not there. `list`: 200 without it.
 * `all`: every model at once, 403 for any narrower scope. `open`: no key is asked for.
 */
type About = 'model' | 'id' | 'list' | 'all' | 'open'
export type Row = {
	roles: readonly Role[]
	about: About
	ok: number | number[]
	query?: string
	json?: unknown
}

export const commit = '0123456789abcdef'
const readers: Role[] = ['viewer', 'analyst', 'approver', 'auditor', 'admin']
const analysing: Role[] = ['analyst', 'approver', 'auditor', 'admin']
const handling: Role[] = ['analyst', 'approver', 'admin']
const approving: Role[] = ['approver', 'admin']
const auditing: Role[] = ['auditor', 'admin']
const posting: Role[] = ['ingest', 'admin']
const admins: Role[] = ['admin']

/** Every operation, by its id. */
export const table: Record<string, Row> = {
	createKey: { roles: admins, about: 'model', ok: 201, json: { role: 'viewer', models: ['mine'] } },
	listKeys: { roles: admins, about: 'list', ok: 200 },
	listAccess: { roles: auditing, about: 'list', ok: 200 },
	createWaiver: {
		roles: admins,
		about: 'model',
		ok: 201,
		json: { gate: 'lineage', reason: 'secret-waiver', until: '30d' },
	},
	listWaivers: { roles: readers, about: 'model', ok: 200 },
	endWaiver: { roles: admins, about: 'model', ok: 404 },
	getNotices: { roles: readers, about: 'model', ok: 200 },
	putNotices: { roles: admins, about: 'model', ok: 200, json: {} },
	exportSubject: { roles: auditing, about: 'list', ok: [200, 201], json: {} },
	recordSubjectRequest: { roles: analysing, about: 'list', ok: 201, json: { kind: 'access' } },
	listSubjectRequests: { roles: analysing, about: 'list', ok: 200 },
	closeSubjectRequest: { roles: analysing, about: 'list', ok: 404, json: { reason: 'secret-reason' } },
	eraseSubject: { roles: admins, about: 'model', ok: 200, json: { reason: 'a request', models: ['mine'] } },
	createHold: { roles: auditing, about: 'model', ok: 201, json: { model: 'mine', reason: 'secret-hold' } },
	listHolds: { roles: auditing, about: 'list', ok: 200 },
	liftHold: { roles: auditing, about: 'id', ok: 200 },
	revokeKey: { roles: admins, about: 'id', ok: 204 },
	registerModel: { roles: admins, about: 'model', ok: 409, json: { model: 'mine', task: 'regression' } },
	listModels: { roles: readers, about: 'list', ok: 200 },
	getModel: { roles: readers, about: 'model', ok: 200 },
	patchModel: { roles: admins, about: 'model', ok: 200, json: { threshold: 0.5 } },
	listInventory: { roles: readers, about: 'list', ok: 200 },
	readModelCard: { roles: readers, about: 'model', ok: 200 },
	showModelCard: { roles: readers, about: 'model', ok: 200 },
	registerVersion: {
		roles: admins,
		about: 'model',
		ok: [200, 201],
		json: { version: '2', features: [{ name: 'income', type: 'numeric' }] },
	},
	listVersions: { roles: readers, about: 'model', ok: 200 },
	getVersion: { roles: readers, about: 'model', ok: 200 },
	liftFreeze: { roles: admins, about: 'model', ok: 404, json: { reason: 'secret-freeze' } },
	uploadArtifact: { roles: admins, about: 'model', ok: 400 },
	getArtifact: { roles: readers, about: 'model', ok: 200 },
	readArtifactFile: { roles: auditing, about: 'model', ok: 200 },
	putBaseline: { roles: admins, about: 'model', ok: 422, json: [] },
	setDeployment: { roles: admins, about: 'model', ok: 200, json: { champion: '1' } },
	getDeployment: { roles: readers, about: 'model', ok: 200 },
	listDeployments: { roles: readers, about: 'model', ok: 200 },
	listDeploymentHistory: { roles: readers, about: 'model', ok: 200 },
	compareVersions: { roles: readers, about: 'model', ok: 422 },
	postPredictions: { roles: posting, about: 'model', ok: 200, json: [] },
	getPrediction: { roles: readers, about: 'model', ok: 200 },
	provePrediction: { roles: analysing, about: 'model', ok: 200 },
	explainPrediction: { roles: readers, about: 'model', ok: 200 },
	askWhatIf: { roles: analysing, about: 'model', ok: 200, json: { changes: { income: 5 } } },
	drawExplanation: { roles: readers, about: 'model', ok: 200 },
	renderExplanation: { roles: readers, about: 'model', ok: 404 },
	drawImportance: { roles: analysing, about: 'model', ok: 200 },
	renderImportance: { roles: analysing, about: 'model', ok: 404 },
	proposeReasonTable: {
		roles: handling,
		about: 'model',
		ok: 201,
		json: {
			table: {
				method: '5(i)',
				locale: 'en',
				entries: [{ code: 'R1', text: { en: 'Income too low' }, features: ['income'] }],
			},
			reason: 'Yearly review',
		},
	},
	listReasonTables: { roles: readers, about: 'model', ok: 200 },
	getReasonTable: { roles: readers, about: 'model', ok: 200 },
	approveReasonTable: {
		roles: approving,
		about: 'model',
		ok: 409,
		json: { digest: `sha256:${'0'.repeat(64)}`, reason: 'Read' },
	},
	postFeatures: { roles: posting, about: 'model', ok: 200, json: [] },
	postOutcomes: { roles: posting, about: 'model', ok: 200, json: [] },
	postGroups: { roles: posting, about: 'model', ok: 200, json: [] },
	getGroups: { roles: auditing, about: 'model', ok: 200 },
	listReplays: { roles: readers, about: 'model', ok: 200 },
	getLineage: { roles: readers, about: 'id', ok: 200, query: `?from=commit:${commit}` },
	listLineagePredictions: { roles: readers, about: 'id', ok: 200, query: `?from=commit:${commit}` },
	readMetrics: { roles: readers, about: 'model', ok: 200 },
	readImportance: { roles: analysing, about: 'model', ok: 200 },
	readPartialDependence: { roles: analysing, about: 'model', ok: 200, query: '?feature=income' },
	findWorstSegments: { roles: analysing, about: 'model', ok: 200 },
	readBiasAudit: { roles: analysing, about: 'model', ok: 200 },
	readProxies: { roles: analysing, about: 'model', ok: 200, query: '?attribute=SEX' },
	listIncidents: { roles: readers, about: 'list', ok: 200 },
	getIncident: { roles: readers, about: 'id', ok: 200 },
	acknowledgeIncident: { roles: handling, about: 'id', ok: 200 },
	resolveIncident: { roles: handling, about: 'id', ok: 200 },
	readRegulatoryFacts: { roles: readers, about: 'id', ok: 200 },
	recordRegulatoryFacts: { roles: handling, about: 'id', ok: 200, json: { class: 'health' } },
	commentIncident: { roles: handling, about: 'id', ok: 200, json: { text: 'secret-comment' } },
	createSilence: {
		roles: handling,
		about: 'model',
		ok: 201,
		json: { models: ['mine'], reason: 'secret-silence', expires: '2h' },
	},
	listSilences: { roles: readers, about: 'list', ok: 200 },
	expireSilence: { roles: handling, about: 'id', ok: 200 },
	createRequest: {
		roles: approving,
		about: 'model',
		ok: 409,
		json: { kind: 'retraining', model: 'mine', reason: 'secret-request' },
	},
	listRequests: { roles: readers, about: 'list', ok: 200 },
	getRequest: { roles: readers, about: 'id', ok: 200 },
	voteOnRequest: {
		roles: approving,
		about: 'id',
		ok: 409,
		json: { vote: 'approve', actionDigest: 'sha256:0', reason: 'secret-vote' },
	},
	cancelRequest: { roles: approving, about: 'id', ok: 200 },
	chat: { roles: readers, about: 'list', ok: 200, json: { text: 'status' } },
	listJobRuns: { roles: readers, about: 'list', ok: 200 },
	runJob: { roles: admins, about: 'all', ok: 201 },
	createReport: { roles: analysing, about: 'model', ok: 422, json: { template: 'none', model: 'mine' } },
	listReports: { roles: analysing, about: 'list', ok: 200 },
	getReport: { roles: analysing, about: 'id', ok: 200 },
	getReportJson: { roles: analysing, about: 'id', ok: 200 },
	getReportHtml: { roles: analysing, about: 'id', ok: 200 },
	getReportPdf: { roles: analysing, about: 'id', ok: 200 },
	getReportBundle: { roles: analysing, about: 'id', ok: 409 },
	getReportCsv: { roles: analysing, about: 'id', ok: 200 },
	listLedgerEntries: { roles: auditing, about: 'list', ok: 200 },
	verifyLedger: { roles: auditing, about: 'all', ok: 200 },
	getLedgerKey: { roles: auditing, about: 'list', ok: 200 },
	getCheckpoint: { roles: auditing, about: 'list', ok: 200 },
	getEntryBundle: { roles: auditing, about: 'all', ok: 200 },
	getTile: { roles: auditing, about: 'list', ok: 200 },
	getEntryProof: { roles: auditing, about: 'id', ok: 200 },
	mapSlackUser: { roles: admins, about: 'model', ok: 200, json: { role: 'viewer', models: ['mine'] } },
	listSlackUsers: { roles: admins, about: 'list', ok: 200 },
	unmapSlackUser: { roles: admins, about: 'id', ok: 204 },
	createSlackInstallLink: { roles: admins, about: 'all', ok: 404 },
	listSlackInstalls: { roles: admins, about: 'all', ok: 200 },
	removeSlackInstall: { roles: admins, about: 'all', ok: 404 },
	healthz: { roles: [], about: 'open', ok: 200 },
	readyz: { roles: [], about: 'open', ok: 200 },
	prometheusMetrics: { roles: readers, about: 'list', ok: 200 },
	slackEvents: { roles: [], about: 'open', ok: 404 },
	reportResult: { roles: [], about: 'open', ok: 401 },
	receiveWebhook: { roles: [], about: 'open', ok: 404 },
}
