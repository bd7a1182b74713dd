import { createClient } from '@libsql/client'

type Held = { close(): void }

/** A lock between processes. The system frees it with the process that holds it, however that ends. */
export class FileLock {
	private readonly path: string
	private held: Held | undefined

	constructor(path: string) {
		this.path = path
	}

	/** Takes the lock, unless another process has it. Never waits. */
	readonly hold = async (): Promise<boolean> => {
		if (this.held) return true
		let client: ReturnType<typeof createClient> | undefined
		try {
			client = createClient({ url: `file:${this.path}`, timeout: 0 })
			// Never committed: SQLite's own lock on the file is the lock.
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
