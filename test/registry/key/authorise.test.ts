import { expect, test } from 'vitest'
import { type Role, roles } from '../../../src/core/actor.ts'
import { authorise, inScope } from '../../../src/registry/key/authorise.ts'
import { actorOf } from '../../support/actors.ts'

const actor = (role: Role, models: string[] = ['*']) => actorOf(role, { id: 'key:1', models })
const allowed = (role: Role, needed: Role | Role[]) => {
	try {
		authorise(actor(role), needed)
		return true
	} catch {
		return false
	}
}

test('an admin may do everything, ingest only post rows, and the others read and more', () => {
	const table = Object.fromEntries(
		roles.map((role) => [role, roles.filter((needed) => allowed(role, needed))]),
	)
	expect(table).toEqual({
		ingest: ['ingest'],
		viewer: ['viewer'],
		analyst: ['viewer', 'analyst'],
		approver: ['viewer', 'analyst', 'approver'],
		auditor: ['viewer', 'auditor'],
		admin: [...roles],
	})
})

test('one of several roles is enough', () => {
	expect(allowed('auditor', ['analyst', 'auditor'])).toBe(true)
	expect(allowed('viewer', ['analyst', 'auditor'])).toBe(false)
})

test('a scope is globs', () => {
	expect(inScope(actor('viewer', ['credit-*', 'fraud']), 'credit-default')).toBe(true)
	expect(inScope(actor('viewer', ['credit-*', 'fraud']), 'fraud-2')).toBe(false)
	expect(inScope(actor('viewer', []), 'fraud')).toBe(false)
	expect(() => authorise(actor('admin', ['credit-*']), 'viewer', 'fraud')).toThrow(
		/may not reach the model "fraud"/,
	)
})
