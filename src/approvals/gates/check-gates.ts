import { and, desc, eq, gt, isNull, or } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { canonicalJson } from '../../core/canonical-json.ts'
import { formatTime } from '../../core/time.ts'
import { gateWaivers, reportFiles, reports, versionArtifacts } from '../../db/schema.ts'
import type { Action } from '../../ports/executors.ts'
import { originsOf } from '../../registry/lineage/links.ts'
import { findVersion } from '../../registry/version/find-version.ts'
import type { AppliedPolicy, Gate, GateId } from '../../rules/approval-policies.ts'

/** Whether a version has passed a gate, and why. `waived`: it has not, and somebody answers for it by name. */
export type GateResult = {
	gate: GateId
	version: string
	status: 'passed' | 'failed' | 'waived'
	detail: string
}

type Question = { policy: AppliedPolicy; action: Action; requester: string }

/** Kinds of requests that give a version traffic. A rollback is never held up: it goes back to what has served. */
const gatedKinds: readonly string[] = ['promotion', 'deployment', 'canary']

const gatedVersions = ({ kind, from, to, canary }: Action): string[] => {
	if (!gatedKinds.includes(kind)) return []
	const versions = [to === from ? undefined : to, canary?.version]
	return [...new Set(versions.filter((version): version is string => version !== undefined))]
}

/** The gates of a policy for the versions that an action gives traffic, as of now. `requester`: a person. */
export async function checkGates(
	context: Context,
	{ policy, action, requester }: Question,
): Promise<GateResult[]> {
	const results: GateResult[] = []
	for (const version of gatedVersions(action))
		for (const gate of policy.gates ?? []) {
			const { passed, detail } = await checks[gate.id](context, action.model, version, gate)
			const waiver = passed ? undefined : await waiverOf(context, action.model, version, gate.id)
			results.push({ gate: gate.id, version, ...resultOf({ passed, detail }, waiver, requester) })
		}
	return results
}

type Checked = { passed: boolean; detail: string }
type Waiver = typeof gateWaivers.$inferSelect

function resultOf(
	{ passed, detail }: Checked,
	waiver: Waiver | undefined,
	requester: string,
): Pick<GateResult, 'status' | 'detail'> {
	if (passed || !waiver) return { status: passed ? 'passed' : 'failed', detail }
	if (waiver.authorPerson === requester)
		return { status: 'failed', detail: `${detail} The waiver is by ${requester}, who requested this.` }
	const until = formatTime(waiver.until)
	return {
		status: 'waived',
		detail: `${detail} Waived by ${waiver.authorPerson} until ${until}: ${waiver.reason}`,
	}
}

/** The waiver in force that ends last. */
async function waiverOf(
	context: Context,
	model: string,
	version: string,
	gate: GateId,
): Promise<Waiver | undefined> {
	const [row] = await context.db
		.select()
		.from(gateWaivers)
		.where(
			and(
				eq(gateWaivers.model, model),
				eq(gateWaivers.gate, gate),
				or(isNull(gateWaivers.version), eq(gateWaivers.version, version)),
				isNull(gateWaivers.endedAt),
				gt(gateWaivers.until, context.now()),
			),
		)
		.orderBy(desc(gateWaivers.until))
		.limit(1)
	return row
}

const checks: Record<
	GateId,
	(context: Context, model: string, version: string, gate: Gate) => Promise<Checked>
> = {
	'validation-report': (context, model, _version, gate) =>
		checkReport(context, model, 'model-monitoring', gate),
	'bias-audit': async (context, model, _version, gate) => {
		const checked = await checkReport(context, model, 'bias-audit', gate)
		if (!checked.passed) return checked
		const failed = (await fourFifthsOf(context, checked.report)).filter(({ verdict }) => verdict === 'fail')
		if (failed.length === 0) return checked
		const named = failed.map(({ attribute }) => attribute).join(', ')
		return { passed: false, detail: `The four-fifths rule fails for ${named} in ${checked.report}.` }
	},
	async 'artifact-digest'(context, model, version) {
		const [stored] = await context.db
			.select({ sha256: versionArtifacts.sha256 })
			.from(versionArtifacts)
			.where(and(eq(versionArtifacts.model, model), eq(versionArtifacts.version, version)))
		const digest = stored?.sha256 ?? originsOf(await findVersion(context, model, version)).artifact?.sha256
		return digest === undefined
			? {
					passed: false,
					detail: 'The version has no model file with a digest. Upload it, or register its digest.',
				}
			: { passed: true, detail: `sha256:${digest}` }
	},
	async lineage(context, model, version) {
		const { run, dataset, commit } = originsOf(await findVersion(context, model, version))
		const missing = Object.entries({ run, dataset, commit }).flatMap(([name, value]) => (value ? [] : [name]))
		return missing.length > 0
			? {
					passed: false,
					detail: `The lineage has no ${missing.join(', no ')}. Register them with the next version.`,
				}
			: { passed: true, detail: canonicalJson({ run, dataset, commit }) }
	},
}

async function checkReport(
	context: Context,
	model: string,
	template: string,
	{ maxAgeMs = 0 }: Gate,
): Promise<Checked & { report: string }> {
	const [row] = await context.db
		.select({ id: reports.id, approvedAt: reports.approvedAt })
		.from(reports)
		.where(and(eq(reports.model, model), eq(reports.template, template), eq(reports.status, 'approved')))
		.orderBy(desc(reports.approvedAt))
		.limit(1)
	if (!row?.approvedAt)
		return {
			passed: false,
			report: '',
			detail: `There is no approved report ${template}. Create one and have it approved.`,
		}
	const text = `${row.id} was approved at ${formatTime(row.approvedAt)}`
	if (row.approvedAt + maxAgeMs < context.now())
		return {
			passed: false,
			report: row.id,
			detail: `${text}, which is too long ago. Create a new one and have it approved.`,
		}
	return { passed: true, report: row.id, detail: `${text}.` }
}

type Document = { sections: { id: string; tables: { id: string; columns: string[]; rows: unknown[][] }[] }[] }

/** The verdicts of the four-fifths rule in an audit, as it was approved. */
async function fourFifthsOf(
	context: Context,
	report: string,
): Promise<{ attribute: string; verdict: string }[]> {
	const parts = await context.db
		.select({ content: reportFiles.content })
		.from(reportFiles)
		.where(and(eq(reportFiles.report, report), eq(reportFiles.path, 'document')))
		.orderBy(reportFiles.part)
	const decoder = new TextDecoder()
	const text = parts.map(({ content }) => decoder.decode(content, { stream: true })).join('')
	if (text === '') return []
	const document = JSON.parse(text) as Document
	const tables = document.sections.filter(({ id }) => id === 'verdicts').flatMap((section) => section.tables)
	return tables.flatMap(({ columns, rows }) =>
		rows.map((row) => ({
			attribute: String(row[columns.indexOf('attribute')]),
			verdict: String(row[columns.indexOf('verdict')]),
		})),
	)
}
