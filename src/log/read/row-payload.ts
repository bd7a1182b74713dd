import { canonicalJson } from '../../core/canonical-json.ts'
import { formatTime } from '../../core/time.ts'
import { type Column, cellKind, type RowBatch } from '../../summaries/inputs/columns.ts'
import type { RowKind } from '../row-kinds.ts'

/** The text of one member of a row; undefined when the row does not have it. */
type Member = (row: number) => string | undefined

/**
 * The canonical JSON of a row as it was sent, with defaults filled in: what the ledger commits to. It is the same whether the
 * row was stored just now, folded into a larger chunk, or moved to an archive file. Column by column, since it is written for
 * every row.
 */
export function rowPayloads(batch: RowBatch, kind: RowKind): (row: number) => string {
	const members = membersOf[kind](new Cells(batch))
	return objectOf(Object.entries(members))
}

const membersOf: Record<RowKind, (cells: Cells) => Record<string, Member>> = {
	prediction: (cells) => ({
		predictionId: cells.id(),
		version: cells.text('versions'),
		environment: cells.text('environments'),
		timestamp: cells.time,
		features: cells.features,
		score: cells.number('scores'),
		label: cells.cell(cells.batch.labels),
		probabilities: cells.extra('probabilities'),
		segment: cells.segment,
		subject: cells.text('subjects'),
		attributions: cells.extra('attributions'),
		latencyMs: cells.number('latencies'),
	}),
	feature: (cells) => ({ ...cells.key(), timestamp: cells.time, features: cells.features }),
	group: (cells) => ({ ...cells.key(), timestamp: cells.time, groups: cells.features }),
	outcome: (cells) => ({
		predictionId: cells.id(),
		timestamp: cells.time,
		actual: cells.cell(cells.batch.labels),
		observed: (row) => String(cells.batch.extras[row] === -1),
	}),
}

const byName = ([a]: [string, unknown], [b]: [string, unknown]) => (a < b ? -1 : 1)

/** Writes objects with these members, in canonical order. */
function objectOf(members: [string, Member][]): (row: number) => string {
	const ordered = members.sort(byName).map(([name, text]) => ({ key: `${JSON.stringify(name)}:`, text }))
	return (row) => {
		const all: string[] = []
		for (const { key, text } of ordered) {
			const value = text(row)
			if (value !== undefined) all.push(key + value)
		}
		return `{${all.join(',')}}`
	}
}

class Cells {
	readonly batch: RowBatch
	private readonly quoted: string[] = []
	private extraAt = -1
	private extraValue: Record<string, unknown> = {}

	constructor(batch: RowBatch) {
		this.batch = batch
	}

	private quote(index: number): string {
		this.quoted[index] ??= JSON.stringify(this.batch.strings[index])
		return this.quoted[index] as string
	}

	/** The id of a prediction or an outcome. */
	id(): Member {
		return (row) => JSON.stringify(this.batch.ids[row])
	}

	/** The id of a feature log or of groups, by what it names: see `predictionKey`. */
	key(): Record<string, Member> {
		const named = (prefix: string): Member => {
			return (row) => {
				const id = this.batch.ids[row] as string
				return id.startsWith(prefix) ? JSON.stringify(id.slice(1)) : undefined
			}
		}
		return { predictionId: named('p'), subject: named('s') }
	}

	readonly time: Member = (row) => `"${formatTime(this.batch.timestamps[row] as number)}"`

	text(column: 'versions' | 'environments' | 'subjects'): Member {
		return (row) => {
			const index = this.batch[column][row] as number
			return index === -1 ? undefined : this.quote(index)
		}
	}

	number(column: 'scores' | 'latencies'): Member {
		return (row) => {
			const value = this.batch[column][row] as number
			return Number.isNaN(value) ? undefined : String(value)
		}
	}

	cell({ kinds, nums }: Column): Member {
		return (row) => {
			const num = nums[row] as number
			switch (kinds[row]) {
				case cellKind.null:
					return 'null'
				case cellKind.number:
					return Number.isFinite(num) ? String(num) : `"${num}"`
				case cellKind.string:
					return this.quote(num)
				case cellKind.boolean:
					return String(num === 1)
				case cellKind.json:
					return canonicalJson(JSON.parse(this.batch.strings[num] as string))
				default:
					return undefined
			}
		}
	}

	private columns(columns: Map<string, Column>): (row: number) => string {
		return objectOf([...columns].map(([name, column]) => [name, this.cell(column)]))
	}

	get features(): Member {
		const all = this.columns(this.batch.features)
		return (row) => (this.batch.hasFeatures[row] === 1 ? all(row) : undefined)
	}

	/** An empty segment is the same as none: an archive file does not distinguish them. */
	get segment(): Member {
		const all = this.columns(this.batch.segments)
		return (row) => {
			const text = all(row)
			return text === '{}' ? undefined : text
		}
	}

	/** A member that is kept as JSON text. */
	extra(name: 'probabilities' | 'attributions'): Member {
		return (row) => {
			const index = this.batch.extras[row] as number
			if (index === -1) return undefined
			if (index !== this.extraAt) {
				this.extraValue = JSON.parse(this.batch.strings[index] as string) as Record<string, unknown>
				this.extraAt = index
			}
			const value = this.extraValue[name]
			return value === undefined ? undefined : canonicalJson(value)
		}
	}
}
