import { missingPeers } from './peers.ts'

/** In CI nothing may be missing; elsewhere the suite ends by saying what it could not compare with. */
export function setup(): (() => void) | undefined {
	const missing = missingPeers()
	if (missing.length === 0) return
	const text = `Some peers are missing, and their tests did not run:\n${missing.map((line) => `- ${line}\n`).join('')}`
	if (process.env.CI) throw new Error(text)
	return () => process.stderr.write(text)
}
