import type { Terminal } from './command.ts'

const width = 30
const redrawMs = 200

/** A bar on standard error, when that is a screen; nothing otherwise. */
export class Progress {
	private drawnAt = 0
	private readonly startedAt: number
	private readonly terminal: Terminal
	private readonly total: number | undefined

	/** `total` in bytes; undefined when it is not known. */
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
		const bar =
			share === undefined
				? ''
				: `[${'#'.repeat(Math.round(share * width)).padEnd(width, '.')}] ${Math.round(share * 100)}%  `
		this.terminal.draw(
			`\r${bar}${rows.toLocaleString('en')} rows, ${Math.round(rows / seconds).toLocaleString('en')}/s `,
		)
	}

	end(): void {
		if (this.terminal.isScreen && this.drawnAt > 0) this.terminal.draw('\r\x1b[K')
	}
}
