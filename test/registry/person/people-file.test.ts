import { describe, expect, it } from 'vitest'
import { emailKey, parsePeople } from '../../../src/registry/person/people-file.ts'

const faultsOf = async (text: string): Promise<string[]> => {
	const parsed = await parsePeople('people.yaml', text)
	return parsed.ok ? [] : parsed.faults.map((f) => `${f.line}:${f.column} ${f.message}`)
}
const peopleOf = async (text: string) => {
	const parsed = await parsePeople('people.yaml', text)
	if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults))
	return parsed.people
}

describe('a mapping file', () => {
	it('names people by Slack user, e-mail, organisation or group', async () => {
		const people = await peopleOf(`
teams: [T2]
groups:
  board: [T1/U1, Ana@Bank.example, T1/S0614TZR7, deputies]
  deputies: [T1/U2]
people:
  - { slack: T1/U1, role: admin, owner: " ana@bank.example " }
  - { email: Bo@Bank.Example, role: approver, models: [credit-*], expires: "2027-01-01T00:00:00Z" }
  - { sso: W012A3CDE, role: viewer }
  - { group: T1/S0614TZR7, role: analyst }
  - { group: board, role: approver }
`)
		expect(people.teams).toEqual(['T2'])
		expect(people.bySlack.get('T1/U1')).toEqual({ role: 'admin', models: ['*'], owner: 'ana@bank.example' })
		expect(people.byEmail.get('bo@bank.example')).toEqual({
			role: 'approver',
			models: ['credit-*'],
			expiresAt: Date.parse('2027-01-01T00:00:00Z'),
		})
		expect(people.bySso.get('W012A3CDE')?.role).toBe('viewer')
		expect(people.byGroup.map(([group]) => group)).toEqual(['T1/S0614TZR7', 'board'])
		expect(people.groups.get('board')).toEqual({
			users: new Set(['T1/U1', 'T1/U2']),
			emails: new Set(['ana@bank.example']),
			slackGroups: new Set(['T1/S0614TZR7']),
		})
	})

	it('may be empty, or have only comments', async () => {
		expect(await faultsOf('')).toEqual([])
		expect(await faultsOf('# nobody yet\n')).toEqual([])
	})

	it.each([
		['people: [', /^1:\d+ invalid YAML/],
		['persons: []', /^1:1 unknown member "persons"\. There are teams, groups, people\./],
		['people:\n  - { slak: T1/U1, role: viewer }', /^2:\d+ unknown member "slak"\. Did you mean slack\?/],
		['people:\n  - { slack: T1/U1, role: boss }', /^2:\d+ role: must be one of ingest/],
		['people:\n  - { slack: T1/U1 }', /^2:5 role: /],
		['people:\n  - { role: viewer }', /^2:5 must have exactly one of slack, email, sso, group/],
		['people:\n  - { slack: T1/U1, email: a@b.c, role: viewer }', /^2:5 must have exactly one of/],
		['people:\n  - { slack: U1, role: viewer }', /^2:14 slack: must be TEAM\/USER/],
		[
			'people:\n  - { email: "\u0430na@bank.example", role: viewer }',
			/^2:14 email: must be an e-mail address in ASCII/,
		],
		['people:\n  - { email: a@b@c, role: viewer }', /^2:14 email: must be/],
		['people:\n  - { slack: T1/U1, role: viewer, expires: 90d }', /^2:44 expires: must be RFC 3339/],
		['people:\n  - { slack: T1/U1, role: viewer, models: [] }', /^2:43 models: must name at least one/],
		['people:\n  - { slack: T1/U1, role: viewer, owner: "" }', /^2:42 owner: must not be blank/],
		['people:\n  - { group: T1/S1, role: viewer, owner: a }', /owner: a group has none/],
		[
			'people:\n  - { group: bord, role: viewer }\ngroups: { board: [] }',
			/^2:14 group: "bord" is neither.*Did you mean board\?/,
		],
		[
			'people:\n  - { email: A@b.c, role: viewer }\n  - { email: a@B.c, role: admin }',
			/^3:14 email: a@B.c has an entry already/,
		],
		['groups: { a: [T1/U1, nobody] }', /^1:22 groups: "nobody" is neither/],
		['groups: { "a b": [] }', /groups: .*name of letters|Invalid key/],
	])('is refused with the position of what is wrong: %j', async (text, message) => {
		expect(await faultsOf(text)).toEqual(expect.arrayContaining([expect.stringMatching(message)]))
	})

	it('whose groups contain each other is refused with the cycle', async () => {
		expect(await faultsOf('groups:\n  a: [b]\n  b: [T1/U1, c]\n  c: [a]\n')).toEqual([
			'4:7 groups: these groups contain each other in a cycle: a -> b -> c -> a',
		])
		expect(await faultsOf('groups:\n  a: [a]\n')).toEqual([
			'2:7 groups: these groups contain each other in a cycle: a -> a',
		])
		expect(await faultsOf('people: &p [*p]')).toEqual([expect.stringContaining('which is a cycle')])
	})

	it('may use aliases, and groups that several groups contain', async () => {
		const people = await peopleOf('groups:\n  a: &m [T1/U1]\n  b: *m\n  c: [a, b]\n  d: [c, a]\n')
		expect(people.groups.get('d')?.users).toEqual(new Set(['T1/U1']))
	})
})

it('an address is compared without the case of ASCII letters alone', () => {
	expect(emailKey('Ana@Bank.Example')).toBe('ana@bank.example')
	// Lower case of the Kelvin sign is an ASCII k.
	expect(emailKey('\u212Aim@bank.example')).not.toBe('kim@bank.example')
	expect(emailKey('\uFF21na@bank.example')).not.toBe('ana@bank.example')
})
