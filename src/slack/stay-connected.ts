import type { Logger } from '../context.ts'
import { minuteMs, secondMs } from '../core/time.ts'

/** A connection that can be lost. `connect` rejects if it fails. */
type Connection = {
	connect(): Promise<unknown>
	disconnect(): Promise<unknown>
	onDisconnected(then: () => void): void
}

/**
 * Connects, and reconnects, in the background: the service starts and runs also while Slack is unreachable. Waits one
 * second before the first retry, then twice as long each time, at most a minute.
 */
export function stayConnected(connection: Connection, logger: Logger) {
	let failures = 0
	let stopped = false
	let timer: ReturnType<typeof setTimeout> | undefined
	const again = () => {
		if (stopped || timer !== undefined) return
		timer = setTimeout(connect, Math.min(minuteMs, secondMs * 2 ** failures++))
	}
	const connect = () => {
		timer = undefined
		connection.connect().then(
			() => {
				failures = 0
			},
			(error) => {
				logger.warn('Slack cannot be reached by Socket Mode; retrying', { error: String(error) })
				again()
			},
		)
	}
	connection.onDisconnected(again)
	return {
		start: async () => connect(),
		stop: async () => {
			stopped = true
			clearTimeout(timer)
			await connection.disconnect()
		},
	}
}
