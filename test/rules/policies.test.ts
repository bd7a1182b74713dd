import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { dayMs, hourMs, minuteMs } from '../../src/core/time.ts'
import { isProtected, matchesAction, policyFor } from '../../src/rules/approval-policies.ts'
import { parsePolicies } from '../../src/rules/parse-policies.ts'
import { defaultPolicies, packagedText, policiesOf } from '../support/policies.ts'

const executors = {
	pointer: { settings: z.strictObject({}) },
	webhook: {
		settings: z.strictObject({
			url: z.url(),
			secret: z.string().regex(/^(env|file):/, 'must be env:NAME or file:PATH'),
		}),
	},
	silence: { settings: z.strictObject({}) },
}
const credit = {
	kind: 'rollback',
	model: 'credit-eu',
	tags: ['credit'],
	riskTier: 'high',
	environment: 'production',
}

/** The faults of a file, as `line:column: message`. */
async function faultsOf(text: string): Promise<string[]> {
	const file = { name: 'approvals.yaml', text }
	const parsed = await parsePolicies(file, { name: 'approvals.yaml', text: packagedText }, executors)
	return parsed.ok ? [] : parsed.errors.map((e) => `${e.line}:${e.column}: ${e.message}`)
}

describe('the packaged policies', () => {
	it('need two approvals for a high risk tier, one for all else, and none protects but production of that tier', () => {
		const needs = (more: object) => policyFor(defaultPolicies, { ...credit, ...more }).needs
		expect(needs({})).toBe(2)
		expect(needs({ riskTier: 'High' })).toBe(2)
		expect(needs({ kind: 'retraining' })).toBe(1)
		expect(needs({ riskTier: 'low' })).toBe(1)
		expect(needs({ riskTier: null })).toBe(1)
		expect(isProtected(defaultPolicies, credit)).toBe(true)
		expect(isProtected(defaultPolicies, { ...credit, environment: 'staging' })).toBe(false)
		expect(isProtected(defaultPolicies, { ...credit, riskTier: null })).toBe(false)
		expect(defaultPolicies).toMatchObject({ isDefault: true, executors: [{ name: 'pointer' }] })
		expect(policyFor(defaultPolicies, credit)).toMatchObject({ roles: ['approver'], expiresMs: 7 * dayMs })
	})
})

describe('a file of policies', () => {
	it('is read whole, and the first policy that matches applies', async () => {
		const set = await policiesOf(`
policies:
  - name: high-production
    kinds: [rollback, promotion]
    models: "credit-*"
    risk_tiers: [high]
    environments: [prod*]
    needs: 3
    roles: [admin]
    groups: [S0614TZR7]
    expires: 36h
    hours: { days: [mon, fri], from: "08:00", to: "18:00", zone: Europe/Berlin }
    cooling_off: 15m
    verify: 2
    break_glass: { role: admin, expires: 1h }
  - name: members
    models: { tags: [credit, loans] }
    needs: 1
    groups: [S0614TZR7]
protected:
  - { environments: [prod*], models: "credit-*" }
`)
		expect(policyFor(set, credit)).toMatchObject({
			name: 'high-production',
			needs: 3,
			roles: ['admin'],
			groups: ['S0614TZR7'],
			expiresMs: 36 * hourMs,
			coolingOffMs: 15 * minuteMs,
			verify: 2,
			breakGlass: { role: 'admin', expiresMs: hourMs },
		})
		expect(policyFor(set, { ...credit, kind: 'canary' })).toMatchObject({ name: 'members', roles: [] })
		expect(policyFor(set, { ...credit, tags: [], kind: 'canary' })).toMatchObject({
			name: 'high-risk',
			isPackaged: true,
		})
		expect(isProtected(set, { ...credit, environment: 'prod-eu' })).toBe(true)
		expect(isProtected(set, { ...credit, model: 'loans' })).toBe(false)
		expect(set.isDefault).toBe(false)
	})

	it('leaves in force what it does not name, and can end every protection', async () => {
		expect(isProtected(await policiesOf('policies: []'), credit)).toBe(true)
		expect(isProtected(await policiesOf('# nothing'), credit)).toBe(true)
		expect(isProtected(await policiesOf('protected: []'), credit)).toBe(false)
	})

	it('matches by name, tag, tier, environment and kind at once', () => {
		const match = { models: { names: ['credit-*'], tags: ['credit'] }, environments: ['production'] }
		expect(matchesAction(match, credit)).toBe(true)
		expect(matchesAction(match, { ...credit, tags: [] })).toBe(false)
		expect(matchesAction(match, { ...credit, model: 'other' })).toBe(false)
		expect(matchesAction({ kinds: ['canary'] }, credit)).toBe(false)
	})

	it('keeps the settings of executors as they are written', async () => {
		const text = `executors:\n  - kinds: rollback\n    webhook: { url: "https://ops.example/act", secret: "env:OPS" }\n  - pointer: {}\n`
		const parsed = await parsePolicies(
			{ name: 'approvals.yaml', text },
			{ name: 'approvals.yaml', text: packagedText },
			executors,
		)
		expect(parsed).toMatchObject({
			ok: true,
			policies: {
				executors: [
					{
						kinds: ['rollback'],
						name: 'webhook',
						settings: { url: 'https://ops.example/act', secret: 'env:OPS' },
					},
					{ name: 'pointer', settings: {} },
				],
			},
		})
	})

	it.each([
		['a wrong key', 'polices: []', '1:1: unknown member "polices". Did you mean policies?'],
		[
			'a wrong key of a policy',
			'policies:\n  - name: a\n    need: 2\n',
			'3:5: unknown member "need". Did you mean needs?',
		],
		['no number of approvals', 'policies:\n  - name: a\n', '2:5: needs: is missing'],
		['a wrong kind', 'policies:\n  - { name: a, needs: 1, kinds: [rolback] }', 'Did you mean rollback?'],
		['a wrong role', 'policies:\n  - { name: a, needs: 1, roles: [aprover] }', 'Did you mean approver?'],
		['a needless policy', 'policies:\n  - { name: a, needs: 0 }', '2:23: needs: '],
		[
			'a wrong duration',
			'policies:\n  - { name: a, needs: 1, expires: soon }',
			'2:35: expires: must be a duration',
		],
		['an unknown zone', hours('zone: Europe/Berln'), 'zone: must be a zone of the IANA database'],
		['no time of day', hours('from: "25:00"'), 'from: must be a time of day'],
		['hours without an extent', hours('to: "08:00"'), 'to: must not be the same time as from'],
		['a wrong key of the hours', hours('tz: UTC'), 'unknown member "tz". '],
		[
			'a break-glass of a role that cannot approve',
			'policies:\n  - { name: a, needs: 1, break_glass: { role: viewer, expires: 1h } }',
			'role: must be one of approver, admin',
		],
		[
			'a name twice',
			'policies:\n  - { name: a, needs: 1 }\n  - { name: a, needs: 2 }',
			'3:13: another policy has the name a',
		],
		[
			'an unknown executor',
			'executors:\n  - webhok: {}',
			'2:5: unknown member "webhok". Did you mean webhook?',
		],
		[
			'two executors in one',
			'executors:\n  - { pointer: {}, webhook: { url: "https://a.example", secret: "env:A" } }',
			'must name exactly one of pointer, webhook',
		],
		['no executor', 'executors:\n  - { kinds: [rollback] }', 'must name exactly one of pointer, webhook'],
		['an executor of a kind that has its own', 'executors:\n  - silence: {}', 'unknown member "silence"'],
		[
			'a secret that is written out',
			'executors:\n  - webhook: { url: "https://a.example", secret: whsec_aaaa }',
			'2:50: secret: must be env:NAME or file:PATH',
		],
		[
			'a wrong key of an executor',
			'executors:\n  - webhook: { ulr: "https://a.example", secret: "env:A" }',
			'2:16: unknown member "ulr". Did you mean url?',
		],
		['a kind for a protection', 'protected:\n  - { kinds: [rollback] }', 'unknown member "kinds"'],
		['broken YAML', 'policies: [', 'invalid YAML'],
		['a list', '- name: a', '1:1: '],
	])('is refused with line and column for %s', async (_, text, expected) => {
		expect((await faultsOf(text)).join('\n')).toContain(expected)
	})

	it('never shows a secret that was written out', async () => {
		const text = 'executors:\n  - webhook: { url: "https://a.example", secret: whsec_c2VjcmV0 }'
		expect((await faultsOf(text)).join()).not.toContain('whsec_c2VjcmV0')
	})
})

function hours(more: string): string {
	const members = { days: 'days: [mon]', from: 'from: "08:00"', to: 'to: "18:00"', zone: 'zone: UTC' }
	const [key = ''] = more.split(':')
	const written = Object.values({ ...members, [key]: more }).map((line) => `      ${line}\n`)
	return `policies:\n  - name: a\n    needs: 1\n    hours:\n${written.join('')}`
}
