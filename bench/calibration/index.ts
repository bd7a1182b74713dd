import { builtInRules, openRules } from '../../src/rules/load-rules-node.ts'
import { daysToDetect, falseIncidents } from './drift.ts'
import { kinds } from './traffic.ts'

const [seed = 1, models = 3, weeks = 10, vol] = process.argv.slice(2).map(Number)
const rules = await openRules(builtInRules(), { logger: { info() {}, warn() {}, error() {} } })
const t = Date.now()
for (const kind of kinds)
	for (const v of vol ? [vol] : [50, 500, 5000])
		for (const r of await falseIncidents(rules.current(), seed, { models, weeks, volumes: [v] }, [kind]))
			console.log(
				r.kind,
				r.rowsPerDay,
				r.modelWeeks,
				r.incidents,
				(r.incidents / r.modelWeeks).toFixed(3),
				r.first.slice(0, 3).join(' | ').slice(0, 300),
				Date.now() - t,
			)
for (const d of await daysToDetect(rules.current(), seed, models, [
	{ kind: 'i.i.d.', rowsPerDay: 500, by: 0.5, afterDays: 0 },
	{ kind: 'i.i.d.', rowsPerDay: 500, by: 0.5, afterDays: 3 },
	{ kind: 'i.i.d.', rowsPerDay: 500, by: 0.5, afterDays: 10 },
	{ kind: 'i.i.d.', rowsPerDay: 500, by: 0.5, afterDays: 30 },
	{ kind: 'weekend mix', rowsPerDay: 500, by: 0.5, afterDays: 35 },
	{ kind: 'day level', rowsPerDay: 500, by: 0.5, afterDays: 35 },
	{ kind: 'i.i.d.', rowsPerDay: 50, by: 1, afterDays: 0 },
	{ kind: 'i.i.d.', rowsPerDay: 50, by: 1, afterDays: 30 },
]))
	console.log(d.kind, d.rowsPerDay, d.by, d.afterDays, d.delays.join(' '))
rules.close()
