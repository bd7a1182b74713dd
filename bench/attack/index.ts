import type { Attack, Outcome } from './attack.ts'
import { attacks } from './attacks.ts'
import { startTarget, type Target } from './target.ts'
import { type Seen, startWatch } from './watch.ts'

// `npm run attack` starts a service of its own and attacks it; `npm run attack -- gzip slack` only with some kinds.
// The table is Markdown, as in docs/security.md. Ends with 1 when something did not hold.

const healthMs = 250
/** Of the whole process: what it takes at rest, the budget of bytes in flight, and what is made of them. */
const memoryMb = 1024

const chosen = process.argv.slice(2)
const isChosen = ({ name }: Attack) => chosen.length === 0 || chosen.some((word) => name.includes(word))

type Line = { attack: Attack; outcome: Outcome; seen: Seen; seconds: number }

function faultsOf({ attack, outcome, seen }: Line): string[] {
	const limit = attack.healthMs ?? healthMs
	return [
		...outcome.faults,
		...(seen.slowestMs > limit ? [`/healthz took ${Math.round(seen.slowestMs)} ms, over ${limit}`] : []),
		...(seen.failed > 0 ? [`${seen.failed} of ${seen.polls} /healthz failed`] : []),
		...(seen.peakMb > memoryMb ? [`${Math.round(seen.peakMb)} MB, over ${memoryMb}`] : []),
	]
}

async function launch(attack: Attack, target: Target): Promise<Line> {
	const watch = startWatch({ port: target.port, pid: target.pid() })
	const start = performance.now()
	const attacked = attack.run(target, 'full')
	const outcome = await attacked.catch((error) => ({ figure: 'no result', faults: [String(error)] }))
	const line = { attack, outcome, seen: await watch.look(), seconds: (performance.now() - start) / 1000 }
	const death = target.death()
	if (death !== undefined) {
		outcome.faults.push(`the service ended: ${death.slice(-500)}`)
		await target.restart()
	}
	await settle(watch.look)
	watch.stop()
	return line
}

/** What one attack leaves to be done is not counted for the next. */
async function settle(look: () => Promise<Seen>): Promise<void> {
	for (let tries = 0, quiet = 0; tries < 60 && quiet < 2; tries++) {
		await new Promise((wake) => setTimeout(wake, 250))
		const { slowestMs, polls } = await look()
		quiet = polls > 0 && slowestMs < healthMs / 2 ? quiet + 1 : 0
	}
}

function print(line: Line): boolean {
	const { attack, outcome, seen, seconds } = line
	const faults = faultsOf(line)
	const cells = [
		attack.name,
		attack.sent,
		attack.holds,
		outcome.figure,
		`${Math.round(seen.slowestMs)} ms`,
		`${Math.round(seen.peakMb)} MB`,
		`${seconds.toFixed(1)} s`,
		faults.length === 0 ? 'holds' : '**fails**',
	]
	console.log(`| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
	for (const fault of faults.slice(0, 8)) console.error(`  ${attack.name}: ${fault}`)
	return faults.length === 0
}

const quiet: Attack = {
	name: 'none',
	sent: 'nothing, for a second',
	holds: 'what the machine can do',
	async run() {
		await new Promise((wake) => setTimeout(wake, 1000))
		return { figure: '', faults: [] }
	},
}

const target = await startTarget()
let failed = 0
try {
	console.log(
		'| attack | what is sent | what must hold | seen | slowest /healthz | memory | took | |\n|---|---|---|---|---|---|---|---|',
	)
	for (const attack of [quiet, ...attacks.filter(isChosen)])
		if (!print(await launch(attack, target))) failed++
} finally {
	await target.close()
}
console.log(failed === 0 ? '\nEverything holds.' : `\n${failed} attacks got through.`)
process.exitCode = failed === 0 ? 0 : 1
