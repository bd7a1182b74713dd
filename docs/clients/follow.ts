// Follows what Plumbline says is deployed: the champion and the canary of one model and environment.
//
//     const follower = new Follower('credit-risk')
//     await follower.known                               // the first answer
//     const version = follower.versionFor(requestId)     // the canary's for its percent of the ids, else the champion
//
// One file without dependencies, for Node 20 and later. Reads PLUMBLINE_URL and PLUMBLINE_KEY (role viewer). While the
// service is away, `current` stays what it last was.
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

export type Canary = { version: string; percent: number }
export type Deployment = {
	revision: number
	champion: string
	challenger: string | null
	canary: Canary | null
}

const { PLUMBLINE_URL = 'http://127.0.0.1:8787', PLUMBLINE_KEY = '' } = process.env
const defaults = { environment: 'production', url: PLUMBLINE_URL, key: PLUMBLINE_KEY, waitSeconds: 30 }
type Options = Partial<typeof defaults> & { onChange?: (deployment: Deployment) => void }

export class Follower {
	current: Deployment | undefined
	/** Resolves with the first deployment. */
	readonly known: Promise<Deployment>
	private readonly model: string
	private readonly options: typeof defaults & Options
	private readonly stop = new AbortController()
	private etag = ''
	private text = ''
	private know: (deployment: Deployment) => void = () => {}

	constructor(model: string, options: Options = {}) {
		this.model = model
		this.options = { ...defaults, ...options }
		this.known = new Promise((resolve) => {
			this.know = resolve
		})
		void this.run()
	}

	/** The same version for the same id while the canary is the same; a larger percent keeps the ids of a smaller. */
	versionFor(requestId: string): string {
		if (!this.current) throw new Error(`Nothing is known to be deployed for ${this.model} yet.`)
		const { champion, canary } = this.current
		if (!canary) return champion
		const digest = createHash('sha256').update(`${this.model}/${canary.version}/${requestId}`).digest()
		return (digest.readUInt32BE() / 2 ** 32) * 100 < canary.percent ? canary.version : champion
	}

	close(): void {
		this.stop.abort()
	}

	private async run(): Promise<void> {
		let pause = 100
		while (!this.stop.signal.aborted) {
			const began = performance.now()
			try {
				// An unchanged answer that comes at once is of a server that stops: it is asked again after a pause.
				if ((await this.ask()) || performance.now() - began > 1000) {
					pause = 100
					continue
				}
			} catch (error) {
				if (!this.stop.signal.aborted) console.warn(`Plumbline: ${error}; still serving`, this.current)
			}
			await sleep(pause * (0.5 + Math.random() / 2), undefined, { signal: this.stop.signal }).catch(() => {})
			pause = Math.min(pause * 2, 10_000)
		}
	}

	/** Asks once, and waits for a change. Returns whether there was one. */
	private async ask(): Promise<boolean> {
		const { url, key, environment, waitSeconds, onChange } = this.options
		const path = `v1/models/${encodeURIComponent(this.model)}/deployments/${encodeURIComponent(environment)}`
		const response = await fetch(`${url.replace(/\/$/, '')}/${path}?wait=${waitSeconds}s`, {
			headers: { authorization: `Bearer ${key}`, ...(this.etag ? { 'if-none-match': this.etag } : {}) },
			signal: AbortSignal.any([this.stop.signal, AbortSignal.timeout((waitSeconds + 10) * 1000)]),
			redirect: 'error',
		})
		if (response.status === 304) return false
		const text = await response.text()
		if (response.status !== 200) throw new Error(`${response.status} ${text.slice(0, 300)}`)
		const deployment = JSON.parse(text) as Deployment
		if (typeof deployment?.champion !== 'string') throw new Error(`not a deployment: ${text.slice(0, 300)}`)
		this.etag = response.headers.get('etag') ?? ''
		// The same, when a proxy has changed the tag.
		if (text === this.text) return false
		this.text = text
		this.current = deployment
		this.know(deployment)
		onChange?.(deployment)
		return true
	}
}
