import type { Context } from '../context.ts'
import type { DemoClient } from '../demo/client.ts'
import { demoModels } from '../demo/history.ts'
import { historyDays } from '../demo/lender.ts'
import { jobs, runAll } from '../jobs/index.ts'
import { processOwner } from '../node.ts'
import type { Terminal } from './command.ts'
import { WorkProgress } from './progress.ts'

const tickMs = 200

/** `part`: how much of the whole it is. `passes`: how often its count begins anew. */
type Stage = { text: string; part: number; passes: number }

const posting: Stage = { text: 'posting predictions and outcomes', part: 0.25, passes: 1 }
const stages: Record<string, Stage> = {
	compute: { text: 'computing drift, quality, performance and fairness', part: 0.4, passes: 2 },
	attribute: { text: 'explaining samples of the traffic', part: 0.15, passes: 1 },
	'evaluate-rules': { text: 'evaluating rules', part: 0.2, passes: 1 },
}

/** Nearly every prediction of the sixty days has its outcome by now. */
const rowsToPost = 1.9 * historyDays * demoModels.reduce((sum, { rowsPerDay }) => sum + rowsPerDay, 0)

/** Shows how far the beginning of the demo is: from its first moment, and then all the time. */
export class DemoProgress {
	private readonly shown: WorkProgress
	private readonly timer: ReturnType<typeof setInterval>
	private stage = posting
	private before = 0
	private pass = 0
	private done = 0
	private total = rowsToPost

	constructor(terminal: Terminal, client: DemoClient) {
		this.shown = new WorkProgress(terminal)
		this.draw()
		this.timer = setInterval(() => {
			if (this.stage === posting) this.done = client.posted
			this.draw()
		}, tickMs).unref()
	}

	private draw(): void {
		const { stage, done, total, pass, before } = this
		const share = (pass + (total === 0 ? 0 : Math.min(1, done / total))) / stage.passes
		this.shown.show(before + stage.part * share, stage.text)
	}

	/** Runs everything that is due. */
	async runJobs(context: Context): Promise<void> {
		await runAll(context, processOwner, jobs, (job, done, total) => {
			const stage = stages[job]
			if (!stage) return
			if (stage !== this.stage) {
				this.before += this.stage.part
				this.pass = 0
			} else if (done < this.done) this.pass = Math.min(this.pass + 1, stage.passes - 1)
			Object.assign(this, { stage, done, total })
			this.draw()
		})
	}

	end(): void {
		clearInterval(this.timer)
		this.shown.end()
	}
}
