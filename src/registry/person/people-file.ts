import { z } from 'zod'
import { roles } from '../../core/actor.ts'
import { sha256Hex } from '../../core/bytes.ts'
import { canonicalJson } from '../../core/canonical-json.ts'
import { nearest } from '../../core/nearest.ts'
import { parseTime } from '../../core/time.ts'
import type { Grant, Members, PeopleFile } from '../../ports/people.ts'
import type { RuleFault } from '../../rules/read-file.ts'
import { type ReadYaml, readYaml } from '../../rules/read-yaml.ts'
import { Glob } from '../model/name.ts'
import { PersonName } from './person-name.ts'

// Slack's ids: T… or E… for workspaces and organisations, U… or W… for people, S… for user groups.
const team = z.string().regex(/^[A-Z0-9]{2,32}$/, 'must be the id of a workspace, such as T024BE7LD')
const slackUser = /^([A-Z0-9]{2,32})\/([UW][A-Z0-9]{1,31})$/
const slackGroup = /^([A-Z0-9]{2,32})\/(S[A-Z0-9]{1,31})$/
// Letters that look like others are written in Punycode, so that nobody else's address reads the same.
const email = /^[!-?A-~]+@[!-?A-~]+$/
const groupName = /^[\w.-]{1,64}$/

const Entry = z.strictObject({
	slack: z.string().regex(slackUser, 'must be TEAM/USER, such as T024BE7LD/U2147483697').optional(),
	email: z.string().max(256).regex(email, 'must be an e-mail address in ASCII').optional(),
	sso: z
		.string()
		.regex(/^[A-Z0-9]{2,32}$/, "must be Slack's id of the person in the organisation, such as W012A3CDE")
		.optional(),
	group: z.string().max(64).optional(),
	role: z.enum(roles),
	models: z.array(Glob).min(1, 'must name at least one; leave it out for all').max(32).default(['*']),
	owner: PersonName.optional(),
	expires: z.string().optional(),
})

const PeopleYaml = z.strictObject({
	teams: z.array(team).default([]),
	groups: z
		.record(
			z.string().regex(groupName, 'must be a name of letters, digits, ".", "_" and "-"'),
			z.array(z.string()),
		)
		.default({}),
	people: z.array(Entry).default([]),
})
type Content = z.output<typeof PeopleYaml>
type EntryInput = z.output<typeof Entry>

/** The mapping where there is no file. */
export const nobody: PeopleFile = {
	teams: [],
	bySlack: new Map(),
	byEmail: new Map(),
	bySso: new Map(),
	byGroup: [],
	groups: new Map(),
	digest: '',
}

/** An address without the case of its ASCII letters: other letters would become ASCII ones. */
export const emailKey = (address: string): string => address.replace(/[A-Z]+/g, (c) => c.toLowerCase())

export const isSlackGroup = (name: string): boolean => slackGroup.test(name)

const ways = ['slack', 'email', 'sso', 'group'] as const
type Way = (typeof ways)[number]

type Parsed = { ok: true; people: PeopleFile } | { ok: false; faults: RuleFault[] }
type Fault = (path: readonly PropertyKey[], message: string) => void

/** Parses a mapping file. Faults have the position of what is wrong. */
export async function parsePeople(name: string, text: string): Promise<Parsed> {
	const keysAt = (path: readonly PropertyKey[]) =>
		path.length === 0 ? Object.keys(PeopleYaml.shape) : path[0] === 'people' ? Object.keys(Entry.shape) : []
	const read: ReadYaml<Content> = readYaml({ name, text }, PeopleYaml, keysAt)
	if (!read.ok) return read
	const { value, positions } = read
	const faults: RuleFault[] = []
	const fault: Fault = (path, message) => faults.push({ file: name, ...positions.ofValue(path), message })
	const groups = expandGroups(value.groups, fault)
	const grants = grantsOf(value, fault)
	if (faults.length > 0) return { ok: false, faults }
	const digest = await sha256Hex(canonicalJson(value))
	return { ok: true, people: { teams: value.teams, ...grants, groups, digest } }
}

function grantsOf({ people, groups }: Content, fault: Fault) {
	const maps: Record<Way, Map<string, Grant>> = {
		slack: new Map(),
		email: new Map(),
		sso: new Map(),
		group: new Map(),
	}
	for (const [i, entry] of people.entries()) {
		const at = (key: string) => ['people', i, key]
		const given = ways.filter((way) => entry[way] !== undefined)
		const [way] = given
		if (way === undefined || given.length > 1) {
			fault(['people', i], `must have exactly one of ${ways.join(', ')}`)
			continue
		}
		const subject = entry[way] as string
		const key = way === 'email' ? emailKey(subject) : subject
		if (way === 'group') checkGroup(entry, groups, at, fault)
		if (maps[way].has(key)) fault(at(way), `${way}: ${subject} has an entry already`)
		const expiresAt = entry.expires === undefined ? undefined : parseTime(entry.expires)
		if (entry.expires !== undefined && expiresAt === undefined)
			fault(at('expires'), 'expires: must be RFC 3339 with an offset, such as 2027-01-01T00:00:00Z')
		maps[way].set(key, {
			role: entry.role,
			models: entry.models,
			...(entry.owner === undefined ? {} : { owner: entry.owner }),
			...(expiresAt === undefined ? {} : { expiresAt }),
		})
	}
	return { bySlack: maps.slack, byEmail: maps.email, bySso: maps.sso, byGroup: [...maps.group] }
}

function checkGroup(
	{ group = '', owner }: EntryInput,
	groups: Content['groups'],
	at: (key: string) => PropertyKey[],
	fault: Fault,
): void {
	if (owner !== undefined)
		fault(at('owner'), 'owner: a group has none, since it would make all of its members one person')
	if (isSlackGroup(group) || Object.hasOwn(groups, group)) return
	fault(at('group'), unknownGroup(group, Object.keys(groups)))
}

function unknownGroup(name: string, known: readonly string[]): string {
	const near = nearest(name, known)
	return `group: ${JSON.stringify(name)} is neither TEAM/GROUP, such as T024BE7LD/S0614TZR7, nor under groups.${near ? ` Did you mean ${near}?` : ''}`
}

/** Writes out the groups in groups. A cycle is a fault, and so is a member of no known kind. */
function expandGroups(groups: Content['groups'], fault: Fault): Map<string, Members> {
	const done = new Map<string, Members>()
	const expand = (name: string, path: readonly string[]): Members => {
		const known = done.get(name)
		if (known) return known
		const members = { users: new Set<string>(), emails: new Set<string>(), slackGroups: new Set<string>() }
		done.set(name, members)
		for (const [i, member] of (groups[name] ?? []).entries()) {
			const at = ['groups', name, i]
			if (slackUser.test(member)) members.users.add(member)
			else if (isSlackGroup(member)) members.slackGroups.add(member)
			else if (email.test(member)) members.emails.add(emailKey(member))
			else if (!Object.hasOwn(groups, member)) fault(at, unknownMember(member, Object.keys(groups)))
			else if ([...path, name].includes(member))
				fault(at, `groups: these groups contain each other in a cycle: ${cycleOf([...path, name], member)}`)
			else {
				const inner = expand(member, [...path, name])
				for (const kind of ['users', 'emails', 'slackGroups'] as const)
					for (const one of inner[kind]) members[kind].add(one)
			}
		}
		return members
	}
	for (const name of Object.keys(groups)) expand(name, [])
	return done
}

const cycleOf = (path: readonly string[], back: string): string =>
	[...path.slice(path.indexOf(back)), back].join(' -> ')

function unknownMember(member: string, known: readonly string[]): string {
	const near = nearest(member, known)
	return `groups: ${JSON.stringify(member)} is neither TEAM/USER, TEAM/GROUP, an e-mail address nor a group of this file.${near ? ` Did you mean ${near}?` : ''}`
}
