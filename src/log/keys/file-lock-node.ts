import { createClient } from '@libsql/client'

type Held = { close(): void }

/** A lock between processes. The operating system releases it when the process ends, however it ends. */
export class FileLock {
	private readonly path: string
	private held: Held | undefined

	constructor(path: string) {
		this.path = path
	}

	/** Whether this process has the lock. Takes it if it is free, and never waits. */
	readonly hold = async (): Promise<boolean> => {
		if (this.held) return true
		let client: ReturnType<typeof createClient> | undefined
		try {
			client = createClient({ url: `file:${this.path}`, timeout: 0 })
			// Never committed: the lock is SQLite's own lock on the file.
			this.held = await client.transaction('write')
			return true
		} catch {
			client?.close()
			return false
		}
	}

	async release(): Promise<void> {
		this.held?.close()
		this.held = undefined
	}
}
