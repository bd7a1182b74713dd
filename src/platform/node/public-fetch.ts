import { lookup } from 'node:dns'
import { BlockList, type LookupFunction } from 'node:net'
import { isTrusted, type TrustedHosts } from '../../registry/artifact/artifact-source.ts'

/** Addresses outside of the public internet (IANA's registries of special-purpose addresses). */
const special = new BlockList()
for (const [net, bits] of [
	['0.0.0.0', 8],
	['10.0.0.0', 8],
	['100.64.0.0', 10],
	['127.0.0.0', 8],
	['169.254.0.0', 16],
	['172.16.0.0', 12],
	['192.0.0.0', 24],
	['192.0.2.0', 24],
	['192.88.99.0', 24],
	['192.168.0.0', 16],
	['198.18.0.0', 15],
	['198.51.100.0', 24],
	['203.0.113.0', 24],
	['224.0.0.0', 3],
] as const)
	special.addSubnet(net, bits, 'ipv4')
for (const [net, bits] of [
	['::', 96],
	['64:ff9b::', 96],
	['64:ff9b:1::', 48],
	['100::', 64],
	['2001::', 23],
	['2001:db8::', 32],
	['2002::', 16],
	['fc00::', 7],
	['3fff::', 20],
	['5f00::', 16],
	['fe80::', 10],
	['fec0::', 10],
	['ff00::', 8],
] as const)
	special.addSubnet(net, bits, 'ipv6')

/** Whether an address belongs to the public internet. */
export const isPublicAddress = (address: string, family: number): boolean =>
	!special.check(address, family === 6 ? 'ipv6' : 'ipv4')

/** Resolves names to public addresses only, at the time of connecting, so that a name cannot resolve differently later. */
const publicLookup: LookupFunction = (hostname, options, callback) => {
	lookup(hostname, { ...options, all: true }, (error, addresses) => {
		if (error) return callback(error, '', 0)
		const allowed = addresses.filter(({ address, family }) => isPublicAddress(address, family))
		const [first] = allowed
		if (!first)
			return callback(
				new Error(
					`${hostname} has no public address. An administrator can allow it with PLUMBLINE_ARTIFACT_HOSTS=${hostname}`,
				),
				'',
				0,
			)
		if (options.all) callback(null, allowed)
		else callback(null, first.address, first.family)
	})
}

/** A fetch that connects to private addresses of trusted hosts only. */
export function publicFetch(trusted: TrustedHosts): typeof globalThis.fetch {
	// Loaded on first use: few processes read a URL, and every start would pay for it.
	let agents: ReturnType<typeof openAgents> | undefined
	return (async (input: URL, init: RequestInit) => {
		agents ??= openAgents()
		const { fetch, open, closed } = await agents
		return fetch(input, { ...(init as object), dispatcher: isTrusted(input, trusted) ? open : closed })
	}) as unknown as typeof globalThis.fetch
}

async function openAgents() {
	const { Agent, fetch } = await import('undici')
	return { fetch, open: new Agent(), closed: new Agent({ connect: { lookup: publicLookup } }) }
}
