import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { hourMs, secondMs } from '../core/time.ts'
import type { PageLink, Sessions } from '../http/endpoint.ts'

const cookieName = 'plumbline-session'
const lifeMs = 12 * hourMs
const secretBytes = 16

const digestOf = (text: string) => createHash('sha256').update(text).digest()
const isSame = (text: string, digest: Buffer) => timingSafeEqual(digestOf(text), digest)

type Link = { digest: Buffer; key: string; links: readonly PageLink[]; isUsed: boolean }
type Session = { digest: Buffer; key: string; expiresAt: number }

/** One-time links and their sessions, kept in memory only. */
export class DemoSessions implements Sessions {
	private readonly now: () => number
	private link: Link | undefined
	private session: Session | undefined

	constructor(now: () => number) {
		this.now = now
	}

	/** Creates the token of a link that lets one browser read with `key`, starting from `links`. */
	issue(key: string, links: readonly PageLink[]): string {
		const token = randomBytes(secretBytes).toString('hex')
		this.link = { digest: digestOf(token), key, links, isUsed: false }
		return token
	}

	open(token: string): ReturnType<Sessions['open']> {
		const { link } = this
		if (!link || !isSame(token, link.digest)) return 'unknown'
		if (link.isUsed) return 'used'
		link.isUsed = true
		const secret = randomBytes(secretBytes).toString('hex')
		this.session = { digest: digestOf(secret), key: link.key, expiresAt: this.now() + lifeMs }
		const expires = new Date(this.session.expiresAt).toUTCString()
		return {
			links: link.links,
			cookie: `${cookieName}=${secret}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${lifeMs / secondMs}; Expires=${expires}`,
		}
	}

	keyOf(cookies: string | undefined): string | undefined {
		const secret = new RegExp(`(?:^|;\\s*)${cookieName}=([0-9a-f]+)`).exec(cookies ?? '')?.[1]
		const { session } = this
		if (secret === undefined || !session || !isSame(secret, session.digest)) return undefined
		return this.now() < session.expiresAt ? session.key : undefined
	}
}
