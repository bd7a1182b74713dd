import { type ExecFileSyncOptions, execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'

// dependency-cruiser says "no violations" also when it could read nothing. So this compares what it saw with what there is.

type Report = {
	modules: { source: string; dependencies: unknown[] }[]
	summary: {
		totalDependenciesCruised: number
		violations: { rule: { name: string }; from: string; to: string }[]
	}
}

const run = (): Report => {
	const args = [
		'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs',
		'src',
		'test',
		'bench',
		'--output-type',
		'json',
	]
	const options = {
		encoding: 'utf8',
		maxBuffer: 2 ** 28,
		stdio: ['ignore', 'pipe', 'ignore'],
	} satisfies ExecFileSyncOptions
	return JSON.parse(execFileSync(process.execPath, args, options).toString())
}

const { modules, summary } = run()
const seen = new Set(modules.map((m) => m.source))
const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
	.map((name) => `src/${name.replaceAll('\\', '/')}`)
	.filter((name) => /\.tsx?$/.test(name) && !name.endsWith('.d.ts'))
const unseen = files.filter((name) => !seen.has(name))

for (const { rule, from, to } of summary.violations) console.error(`${rule.name}: ${from} -> ${to}`)
for (const name of unseen) console.error(`not cruised: ${name}`)
if (summary.totalDependenciesCruised < files.length)
	console.error('hardly any dependency was found: the parser does not work')

const faults =
	summary.violations.length + unseen.length + (summary.totalDependenciesCruised < files.length ? 1 : 0)
console.log(
	`arrows: ${seen.size} modules, ${summary.totalDependenciesCruised} dependencies, ${faults} faults`,
)
process.exitCode = faults === 0 ? 0 : 1
