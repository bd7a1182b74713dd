import { callPatiently } from './api.ts'
import type { Terminal } from './command.ts'

type Rejected = { index: number; predictionId: string | null; code: string; path: string; message: string }
export type Totals = {
	accepted: number
	duplicates: number
	rejectedCount: number
	rejected: Rejected[]
	waiting: number
}

const maxListed = 20

/** Sends batches and adds up the answers. While the service is busy or away it waits, up to five minutes a batch. */
export class Sender {
	readonly totals: Totals = { accepted: 0, duplicates: 0, rejectedCount: 0, rejected: [], waiting: 0 }
	/** The first row of each fault, and how many have it whatever their values: a thousand with one fault are one line. */
	readonly faults = new Map<string, { first: Rejected; rows: number }>()
	private readonly terminal: Terminal
	private readonly path: string

	constructor(terminal: Terminal, path: string) {
		this.terminal = terminal
		this.path = path
	}

	/** A row of the file that cannot be sent at all. */
	rejectHere(index: number, code: string, message: string): void {
		this.reject({ index, predictionId: null, code, path: '', message })
	}

	private reject(row: Rejected): void {
		this.totals.rejectedCount++
		if (this.totals.rejected.length < maxListed) this.totals.rejected.push(row)
		const fault = `${row.code} ${row.path} ${row.message.replace(/"[^"]*"|\d+/g, '')}`
		const known = this.faults.get(fault)
		if (known) known.rows++
		else if (this.faults.size < maxListed) this.faults.set(fault, { first: row, rows: 1 })
	}

	/** `index` is the row's place in the file. */
	async send(batch: readonly { index: number; line: string }[]): Promise<void> {
		if (batch.length === 0) return
		const answer = await this.post(`${batch.map((b) => b.line).join('\n')}\n`)
		this.totals.accepted += answer.accepted
		this.totals.duplicates += answer.duplicates
		this.totals.waiting += answer.waiting ?? 0
		for (const r of answer.rejected) this.reject({ ...r, index: batch[r.index]?.index ?? r.index })
	}

	private async post(body: string): Promise<Totals> {
		const { body: answer } = await callPatiently(this.terminal, 'POST', this.path, {
			body,
			type: 'application/x-ndjson',
		})
		return answer as Totals
	}
}
