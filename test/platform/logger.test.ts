import { describe, expect, it } from 'vitest'
import { jsonLogger, type LogLevel } from '../../src/platform/logger.ts'

function logged(
	level: LogLevel,
	log: (logger: ReturnType<typeof jsonLogger>) => void,
): Record<string, unknown>[] {
	const lines: string[] = []
	log(
		jsonLogger(
			(line) => lines.push(line),
			() => 0,
			level,
		),
	)
	return lines.map((line) => JSON.parse(line))
}

describe('the log', () => {
	it('is one JSON object a line, with time, level and fields', () => {
		expect(logged('info', (l) => l.info('rules reloaded\nagain', { rules: 3 }))).toEqual([
			{ time: '1970-01-01T00:00:00.000Z', level: 'info', message: 'rules reloaded\nagain', rules: 3 },
		])
	})

	it('leaves out what is below its level', () => {
		const all = (l: ReturnType<typeof jsonLogger>) => {
			l.info('a')
			l.warn('b')
			l.error('c')
		}
		expect(logged('warn', all).map((e) => e.message)).toEqual(['b', 'c'])
	})

	it('shows errors with their cause, and survives what JSON cannot say', () => {
		const circular: Record<string, unknown> = {}
		circular.self = circular
		const [error, big, odd] = logged('info', (l) => {
			l.error('failed', { error: new Error('outer', { cause: new Error('inner') }) })
			l.info('counted', { rows: 10n })
			l.info('odd', { circular })
		})
		expect(error?.error).toMatchObject({ message: 'outer', cause: { message: 'inner' } })
		expect(big?.rows).toBe('10')
		expect(odd?.message).toBe('odd')
	})
})
