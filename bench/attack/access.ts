import { type Attack, countOf, unexpected } from './attack.ts'

const globs = [
	'*',
	'?',
	'm*',
	'm?',
	'?*',
	'*a',
	'm-a',
	'm-*',
	'*-a',
	'n*',
	'm-?',
	'??a',
	'*-*',
	'm**',
	'?-a',
	'*?',
]

const letters = ['m', 'n', '-', 'a']
const words = (length: number): string[] =>
	length === 0 ? [''] : words(length - 1).flatMap((word) => letters.map((letter) => word + letter))
const names = [1, 2, 3, 4].flatMap(words)

/** The plain meaning of a glob, for short names. */
const matches = (glob: string, name: string): boolean => {
	if (glob === '') return name === ''
	if (glob[0] === '*') return matches(glob.slice(1), name) || (name !== '' && matches(glob, name.slice(1)))
	return name !== '' && (glob[0] === '?' || glob[0] === name[0]) && matches(glob.slice(1), name.slice(1))
}

/** Whether every short name that `asked` matches is in the scope. */
const isWithin = (scope: string, asked: string) =>
	names.every((name) => !matches(asked, name) || matches(scope, name))

const scopes: Attack = {
	name: 'scopes',
	sent: 'silences and keys for every glob of a list, by keys of every scope of it (`m?` for `m*`, `?` for `*`, …)',
	holds: '403 or 404 for what is not contained; never created',
	async run(target, scale) {
		const tried = scale === 'full' ? globs : ['?', 'm?', 'm-a', 'm*']
		const faults: string[] = []
		let count = 0
		for (const scope of tried) {
			const [analyst, admin] = [await target.keyOf('analyst', [scope]), await target.keyOf('admin', [scope])]
			for (const asked of scale === 'full' ? globs : [...tried, '*']) {
				if (isWithin(scope, asked)) continue
				const silence = { models: [asked], reason: 'attack', expires: '1h' }
				const created = await target.ask('/v1/silences', { method: 'POST', json: silence, key: analyst })
				const key = { role: 'viewer', models: [asked] }
				const given = await target.ask('/v1/keys', { method: 'POST', json: key, key: admin })
				count += 2
				faults.push(...unexpected(`${scope} silences ${asked}`, [created.status], [403, 404, 422]))
				faults.push(...unexpected(`${scope} gives a key for ${asked}`, [given.status], [403, 404, 422]))
			}
		}
		return { figure: `${count - faults.length} of ${count} refused`, faults }
	},
}

const paths = (model: string) => [
	`/v1/models/${model}`,
	`/v1/models/${model}/versions`,
	`/v1/models/${model}/versions/1`,
	`/v1/models/${model}/metrics`,
	`/v1/models/${model}/bias`,
	`/v1/models/${model}/importance`,
	`/v1/models/${model}/deployments`,
	`/v1/models/${model}/replays`,
	`/v1/models/${model}/reason-tables`,
	`/v1/models/${model}/predictions/${model}-seed-1/explanation`,
	`/v1/models/${model}/groups/${model}-seed-1`,
	`/v1/lineage?from=version:${model}@1`,
]

const foreign: Attack = {
	name: 'ids and models outside the scope',
	sent: 'every route that names a model, an incident, a silence, a request or a key, by keys of other models; no key, a revoked one, a wrong one',
	holds: '401, 403 or 404; an id outside answers as one that does not exist',
	async run(target) {
		const faults: string[] = []
		const seen: number[] = []
		for (const role of ['viewer', 'analyst', 'approver', 'auditor', 'ingest', 'admin']) {
			const key = await target.keyOf(role, ['n-*'])
			for (const path of paths('m-a')) {
				const { status, text } = await target.ask(path, { key })
				seen.push(status)
				faults.push(...unexpected(`${role} ${path}`, [status], [403, 404]))
				if (text.includes('"features":[')) faults.push(`${role} reads ${path}`)
			}
		}
		const silence = { models: ['m-a'], reason: 'attack', expires: '1h' }
		const { text } = await target.ask('/v1/silences', { method: 'POST', json: silence })
		const analyst = await target.keyOf('analyst', ['n-*'])
		const real = await target.ask(`/v1/silences/${JSON.parse(text).id}`, { method: 'DELETE', key: analyst })
		const none = await target.ask('/v1/silences/sil_01kjx2y4v0', { method: 'DELETE', key: analyst })
		if (real.status !== none.status)
			faults.push(`a silence outside is ${real.status}, one that is not there ${none.status}`)
		const listed = await target.ask('/v1/silences', { key: analyst })
		if (listed.text.includes('"m-a"')) faults.push('a scoped analyst lists silences of other models')
		for (const key of ['', 'x', 'plk_'.padEnd(40, 'a')]) {
			const { status } = await target.ask('/v1/models', { key })
			seen.push(status)
			faults.push(...unexpected('without a valid key', [status], [401]))
		}
		return { figure: countOf(seen), faults }
	},
}

const idsOf = (text: string): string[] => JSON.parse(text).items.map((item: { id: string }) => item.id)

const admins: Attack = {
	name: 'scoped admins',
	sent: 'a scoped admin lists and revokes keys outside its scope; every admin key is revoked by the last one',
	holds: 'keys outside are not listed and 404; the last unscoped admin stays',
	async run(target) {
		const scoped = await target.keyOf('admin', ['n-*'])
		await target.keyOf('viewer', ['m-a'])
		const all = idsOf((await target.ask('/v1/keys?limit=1000')).text)
		const seen = idsOf((await target.ask('/v1/keys?limit=1000', { key: scoped })).text)
		const outside = all.filter((id) => !seen.includes(id))
		const revoked = await Promise.all(
			outside.slice(0, 10).map((id) => target.ask(`/v1/keys/${id}`, { method: 'DELETE', key: scoped })),
		)
		const faults = [
			...(outside.length === 0 ? ['a scoped admin sees every key'] : []),
			...unexpected(
				'a key outside',
				revoked.map((r) => r.status),
				[403, 404],
			),
		]
		for (const id of all) await target.ask(`/v1/keys/${id}`, { method: 'DELETE' })
		const { status } = await target.ask('/v1/keys')
		return {
			figure: `${seen.length} of ${all.length} seen; ${countOf(revoked.map((r) => r.status))}; in the end ${status}`,
			faults: [...faults, ...unexpected('the last admin', [status], [200])],
		}
	},
}

const views: Attack = {
	name: 'views of a scoped key',
	sent: '`/metrics`, `/v1/jobs`, `/v1/audit/entries`, `/v1/incidents`, `/v1/requests`, `/v1/models` by keys of `n-*`',
	holds: 'no word of `m-a`',
	async run(target) {
		const faults: string[] = []
		const seen: number[] = []
		for (const role of ['viewer', 'auditor', 'admin']) {
			const key = await target.keyOf(role, ['n-*'])
			for (const path of [
				'/metrics',
				'/v1/jobs',
				'/v1/audit/entries',
				'/v1/incidents',
				'/v1/requests',
				'/v1/models',
				'/v1/keys',
			]) {
				const { status, text } = await target.ask(path, { key })
				seen.push(status)
				if (text.includes('m-a')) faults.push(`${role} reads m-a at ${path}`)
				faults.push(...unexpected(`${role} ${path}`, [status], [200, 403, 404]))
			}
		}
		return { figure: countOf(seen), faults }
	},
}

export const access: Attack[] = [scopes, foreign, views, admins]
