import { type Attack, countOf, unexpected } from './attack.ts'

const hostile = (length: number) => `${'*?'.repeat(length / 2)}!`
const long = 'a'.repeat(200)

const globs: Attack = {
	name: 'globs in queries',
	sent: '`?metric=*?*?…!` of 18 to 4,000 characters, by a viewer',
	holds: 'answered at once, or 400/422',
	async run(target, scale) {
		const key = await target.keyOf('viewer')
		const lengths = scale === 'full' ? [18, 24, 60, 200, 1000, 4000] : [18, 60]
		const statuses: number[] = []
		for (const length of lengths)
			for (const parameter of ['metric', 'feature', 'environment']) {
				const value = encodeURIComponent(hostile(length))
				statuses.push((await target.ask(`/v1/models/m-a/metrics?${parameter}=${value}`, { key })).status)
			}
		return { figure: countOf(statuses), faults: unexpected('a glob', statuses, [200, 400, 422]) }
	},
}

const storedGlobs: Attack = {
	name: 'globs that are kept',
	sent: 'silences and keys with `*?*?…!`, then work that matches them',
	holds: '201, 400 or 422; the work is done',
	async run(target, scale) {
		const statuses: number[] = []
		for (const length of scale === 'full' ? [18, 40, 120, 500] : [18, 60]) {
			const models = [hostile(length), `${'*a'.repeat(length / 2)}b`]
			const silence = { rules: models, models, features: models, reason: 'attack', expires: '1h' }
			const created = await target.ask('/v1/silences', { method: 'POST', json: silence })
			const key = await target.ask('/v1/keys', { method: 'POST', json: { role: 'viewer', models } })
			statuses.push(created.status, key.status)
			if (key.status !== 201) continue
			const asked = await target.ask(`/v1/models/${long}/metrics`, { key: JSON.parse(key.text).secret })
			statuses.push(asked.status)
		}
		return { figure: countOf(statuses), faults: unexpected('a glob', statuses, [201, 400, 403, 404, 422]) }
	},
}

export const patterns = [globs, storedGlobs]
