import type { Logger } from '../context.ts'
import { minuteMs, secondMs } from '../core/time.ts'

/** A connection that can be lost. `connect` rejects when it cannot be had. */
export type Connection = {
	connect(): Promise<unknown>
	disconnect(): Promise<unknown>
	onLost(then: () => void): void
}

/**
 * Connects, and again whenever the connection is lost, in the background: a Slack that cannot be reached neither keeps
 * the service from starting nor ends it. Waits a second first, then twice as long each time, at most a minute.
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
				logger.warn('Slack cannot be reached by Socket Mode; it is tried again', { error: String(error) })
				again()
			},
		)
	}
	connection.onLost(again)
	return {
		start: async () => connect(),
		stop: async () => {
			stopped = true
			clearTimeout(timer)
			await connection.disconnect()
		},
	}
}
