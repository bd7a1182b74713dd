import { printable } from '../core/printable.ts'
import type { Terminal } from './command.ts'

const width = 30
const redrawMs = 200

const bar = (share: number): string =>
	`[${'#'.repeat(Math.round(share * width)).padEnd(width, '.')}] ${Math.round(share * 100)}%  `

/** A progress bar on standard error, if that is a terminal. */
export class Progress {
	private drawnAt = 0
	private readonly startedAt: number
	private readonly terminal: Terminal
	private readonly total: number | undefined

	/** `total` in bytes; undefined if it is unknown. */
	constructor(terminal: Terminal, total: number | undefined) {
		this.terminal = terminal
		this.total = total
		this.startedAt = terminal.now()
	}

	update(bytes: number, rows: number): void {
		const now = this.terminal.now()
		if (!this.terminal.isScreen || now - this.drawnAt < redrawMs) return
		this.drawnAt = now
		const seconds = Math.max(0.001, (now - this.startedAt) / 1000)
		const share = this.total ? Math.min(1, bytes / this.total) : undefined
		this.terminal.draw(
			`\r${share === undefined ? '' : bar(share)}${rows.toLocaleString('en')} rows, ${Math.round(rows / seconds).toLocaleString('en')}/s `,
		)
	}

	end(): void {
		if (this.terminal.isScreen && this.drawnAt > 0) this.terminal.draw('\r\x1b[K')
	}
}

const lineMs = 3000

/** The progress of long work on standard error: a bar on a terminal, elsewhere a line every few seconds. */
export class WorkProgress {
	private shownAt = Number.NEGATIVE_INFINITY
	private share = 0
	private readonly startedAt: number
	private readonly terminal: Terminal

	constructor(terminal: Terminal) {
		this.terminal = terminal
		this.startedAt = terminal.now()
	}

	/** `share` from 0 to 1. A smaller value than before is not shown, so that the bar never goes back. */
	show(share: number, text: string): void {
		const now = this.terminal.now()
		const { isScreen } = this.terminal
		if (now - this.shownAt < (isScreen ? redrawMs : lineMs)) return
		this.shownAt = now
		this.share = Math.min(0.99, Math.max(this.share, share))
		const seconds = `${Math.round((now - this.startedAt) / 1000)} s`
		this.terminal.draw(
			isScreen
				? `\r${bar(this.share)}${seconds}  ${printable(text)}\x1b[K`
				: `${seconds.padStart(5)}  ${`${Math.round(this.share * 100)}%`.padStart(4)}  ${printable(text)}\n`,
		)
	}

	end(): void {
		if (this.terminal.isScreen) this.terminal.draw('\r\x1b[K')
	}
}
