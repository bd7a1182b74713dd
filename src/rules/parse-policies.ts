import { z } from 'zod'
import { roles } from '../core/actor.ts'
import { sha256Hex } from '../core/bytes.ts'
import { canonicalJson } from '../core/canonical-json.ts'
import { dayMs, parseDuration } from '../core/time.ts'
import {
	type ActionMatch,
	type ApprovalPolicy,
	type ExecutorChoice,
	type Gate,
	type PolicySet,
	reportPeriods,
	requestKinds,
} from './approval-policies.ts'
import { minuteOf, weekDays, zoneFormat } from './business-hours.ts'
import type { Position, RuleFault, RuleText } from './read-file.ts'
import { readYaml } from './read-yaml.ts'

/** Whether a file of the rules folder has policies, not rules. */
export const isPolicyFile = (name: string): boolean => name === 'approvals.yaml' || name === 'approvals.yml'

/** `positions` are those of the policies of the file, by name. */
export type ParsedPolicies =
	| { ok: true; policies: PolicySet; positions: ReadonlyMap<string, Position & { file: string }> }
	| { ok: false; errors: RuleFault[] }

/** The kinds of executors by name, each with the schema of its settings. */
export type ExecutorSettings = Readonly<Record<string, { settings: z.ZodType }>>

/** One value where a list is expected stands for a list of it. */
const listOf = <S extends z.ZodType>(item: S) =>
	z.preprocess((value) => (typeof value === 'string' ? [value] : value), z.array(item).min(1).max(100))

const glob = z.string().min(1).max(256)
const text = z.string().min(1).max(256)

const models = z.preprocess(
	(value) => (typeof value === 'string' || Array.isArray(value) ? { names: value } : value),
	z.strictObject({ names: listOf(glob).optional(), tags: listOf(text).optional() }),
)

const where = {
	models: models.optional(),
	risk_tiers: listOf(text).optional(),
	environments: listOf(glob).optional(),
}
const match = { kinds: listOf(z.enum(requestKinds)).optional(), ...where }

/** A duration within bounds, in milliseconds. */
const duration = (min: string, max: string) =>
	z.string().transform((value, issues) => {
		const ms = parseDuration(value)
		if (ms !== undefined && ms >= (parseDuration(min) ?? 0) && ms <= (parseDuration(max) ?? 0)) return ms
		issues.addIssue({
			code: 'custom',
			message: `must be a duration from ${min} to ${max}, such as 30m or 7d`,
		})
		return z.NEVER
	})

const timeOfDay = (pattern: RegExp) => z.string().regex(pattern, 'must be a time of day such as "08:00"')

const hours = z
	.strictObject({
		days: listOf(z.enum(weekDays)).default([...weekDays]),
		from: timeOfDay(/^([01]\d|2[0-3]):[0-5]\d$/),
		to: timeOfDay(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/),
		zone: z.string().refine(isZone, 'must be a zone of the IANA database, such as Europe/Berlin'),
	})
	.refine(({ from, to }) => minuteOf(from) !== minuteOf(to), {
		path: ['to'],
		message: 'must not be the same time as from',
	})

function isZone(zone: string): boolean {
	try {
		// An offset such as +01:00 is accepted by some platforms only.
		return /^[A-Za-z]/.test(zone) && zoneFormat(zone) !== undefined
	} catch {
		return false
	}
}

const Policy = z.strictObject({
	name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'must be kebab-case, such as high-production'),
	...match,
	needs: z.int().min(1).max(1000),
	roles: listOf(z.enum(roles)).optional(),
	groups: listOf(
		z
			.string()
			.regex(
				/^([A-Z0-9]{2,32}\/)?[\w.-]{1,64}$/,
				'must be the id of a Slack user group, such as S0614TZR7, or a group of the mapping of people',
			),
	).default([]),
	expires: duration('1m', '365d').default(7 * dayMs),
	hours: hours.optional(),
	cooling_off: duration('0s', '30d').default(0),
	verify: z.int().min(1).max(100).default(1),
	gates: z
		.strictObject({
			validation_report: duration('1d', '3650d').optional(),
			bias_audit: duration('1d', '3650d').optional(),
			artifact_digest: z.literal(true).optional(),
			lineage: z.literal(true).optional(),
		})
		.optional(),
	break_glass: z
		.strictObject({ role: z.enum(['approver', 'admin']), expires: duration('1m', '7d') })
		.optional(),
})

/** The settings are checked by their kind, and kept as they are written: the kind reads them again when it is opened. */
const settingsOf = (settings: z.ZodType) =>
	z.unknown().superRefine((value, context) => {
		const parsed = settings.safeParse(value)
		if (!parsed.success) for (const issue of parsed.error.issues) context.issues.push(issue as never)
	})

/** What changes Plumbline itself has an executor for each kind of request, which cannot be chosen. */
const kindsOf = (executors: ExecutorSettings): string[] =>
	Object.keys(executors).filter((name) => !(requestKinds as readonly string[]).includes(name))

function fileSchema(executors: ExecutorSettings) {
	const names = kindsOf(executors)
	const kinds = Object.fromEntries(
		names.map((name) => [name, settingsOf(executors[name]?.settings as z.ZodType).optional()]),
	)
	const isOne = (value: object) => names.filter((name) => name in value).length === 1
	return z.strictObject({
		policies: z.array(Policy).max(200).default([]),
		protected: z.array(z.strictObject(where)).max(200).optional(),
		executors: z
			.array(
				z.strictObject({ ...match, ...kinds }).refine(isOne, `must name exactly one of ${names.join(', ')}`),
			)
			.max(200)
			.optional(),
		reports: z
			.array(z.strictObject({ template: text, every: z.enum(reportPeriods).default('month'), ...where }))
			.max(200)
			.optional(),
	})
}

type Written = z.output<ReturnType<typeof fileSchema>>
type ReadPolicies =
	| { ok: true; value: Written; positions: Map<string, Position & { file: string }> }
	| { ok: false; errors: RuleFault[] }

/**
 * Parses `approvals.yaml`. `executors` are the kinds that it can name; `packaged` is the file of Plumbline, which applies
 * where this one says nothing. Needs no file system, so that workers can call it.
 */
export async function parsePolicies(
	own: RuleText | undefined,
	packaged: RuleText,
	executors: ExecutorSettings,
): Promise<ParsedPolicies> {
	const base = read(packaged, executors)
	if (!base.ok) return base
	const isDefault = own === undefined || own.text === packaged.text
	const file = isDefault ? base : read(own, executors)
	if (!file.ok) return file
	const rest = base.value.policies.map((policy) => ({ ...toPolicy(policy), isPackaged: true }))
	const content = {
		policies: isDefault ? rest : [...file.value.policies.map(toPolicy), ...rest],
		protected: (file.value.protected ?? base.value.protected ?? []).map(toMatch),
		reports: (file.value.reports ?? base.value.reports ?? []).map(({ template, every, ...match }) => ({
			...toMatch(match),
			...{ template, every },
		})),
		executors: (file.value.executors ?? base.value.executors ?? []).map((e) => toExecutor(e, executors)),
	}
	const policies = { ...content, digest: await sha256Hex(canonicalJson(content)), isDefault }
	return { ok: true, policies, positions: file.positions }
}

function read(file: RuleText, executors: ExecutorSettings): ReadPolicies {
	const schema = fileSchema(executors)
	const result = readYaml(file, schema, (path) => {
		const [list, , kind, ...inner] = path
		const settings = list === 'executors' ? executors[String(kind)]?.settings : undefined
		return settings ? membersAt(settings, inner) : membersAt(schema, path)
	})
	if (!result.ok) return { ok: false, errors: result.faults }
	const at = (i: number) => ({ file: file.name, ...result.positions.ofValue(['policies', i, 'name']) })
	const names = result.value.policies.map((policy) => policy.name)
	const errors = names.flatMap((name, i) =>
		names.indexOf(name) === i ? [] : [{ ...at(i), message: `another policy has the name ${name}` }],
	)
	if (errors.length > 0) return { ok: false, errors }
	return { ok: true, value: result.value, positions: new Map(names.map((name, i) => [name, at(i)])) }
}

type Node = {
	shape?: Record<string, Node>
	def: { type: string; innerType?: Node; element?: Node; out?: Node }
}

/** The members that a map at the path can have. */
function membersAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
	let node: Node | undefined = schema as unknown as Node
	for (const key of [...path, undefined]) {
		while (node?.def.innerType ?? (node?.def.type === 'pipe' ? node.def.out : undefined))
			node = node?.def.innerType ?? node?.def.out
		if (key === undefined) break
		node = typeof key === 'number' ? node?.def.element : node?.shape?.[String(key)]
	}
	return Object.keys(node?.shape ?? {})
}

type WrittenMatch = NonNullable<Written['executors']>[number]

const toMatch = ({ kinds, models: of, risk_tiers: riskTiers, environments }: WrittenMatch): ActionMatch => ({
	...(kinds ? { kinds } : {}),
	...(of ? { models: { names: of.names ?? [], tags: of.tags ?? [] } } : {}),
	...(riskTiers ? { riskTiers } : {}),
	...(environments ? { environments } : {}),
})

/** Without roles and groups, approvers vote; with groups alone, only those who are in one. */
function toPolicy(written: Written['policies'][number]): ApprovalPolicy {
	const { name, needs, groups, expires, hours: open, cooling_off, verify, break_glass, gates } = written
	return {
		...toMatch(written),
		...{ name, needs, groups, verify, expiresMs: expires, coolingOffMs: cooling_off },
		roles: written.roles ?? (groups.length > 0 ? [] : ['approver']),
		...(open ? { hours: open } : {}),
		...(gates ? { gates: toGates(gates) } : {}),
		...(break_glass ? { breakGlass: { role: break_glass.role, expiresMs: break_glass.expires } } : {}),
	}
}

function toGates(written: NonNullable<Written['policies'][number]['gates']>): Gate[] {
	const { validation_report, bias_audit, artifact_digest, lineage } = written
	return [
		...(validation_report === undefined
			? []
			: [{ id: 'validation-report' as const, maxAgeMs: validation_report }]),
		...(bias_audit === undefined ? [] : [{ id: 'bias-audit' as const, maxAgeMs: bias_audit }]),
		...(artifact_digest ? [{ id: 'artifact-digest' as const }] : []),
		...(lineage ? [{ id: 'lineage' as const }] : []),
	]
}

function toExecutor(written: WrittenMatch, executors: ExecutorSettings): ExecutorChoice {
	const name = kindsOf(executors).find((kind) => kind in written) as string
	return { ...toMatch(written), name, settings: (written as Record<string, unknown>)[name] ?? {} }
}
