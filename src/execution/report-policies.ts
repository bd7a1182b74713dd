import { and, like, ne } from 'drizzle-orm'
import { openIncidentOnce, resolveIncidentAbout } from '../alerting/incident/incident-without-rule.ts'
import { unsatisfiablePolicies } from '../approvals/policy/unsatisfiable.ts'
import type { Context } from '../context.ts'
import { incidents } from '../db/schema.ts'
import { serviceModel } from '../rules/rule-set.ts'
import { executor } from './claim.ts'

/**
 * Opens an incident for each policy of a file that too few people can satisfy, and resolves it when enough can. The packaged
 * policies are left out: a fresh installation has one key.
 */
export async function reportPolicies(context: Context): Promise<void> {
	const set = context.policies.current()
	const areAllPackaged = set.policies.every((policy) => policy.isPackaged)
	const unsatisfiable = areAllPackaged ? [] : await unsatisfiablePolicies(context, set)
	const found = unsatisfiable.filter(({ policy }) => !policy.isPackaged)
	const about = (name: string) => `policy:${name}`
	for (const { policy, message } of found)
		await openIncidentOnce(context, executor, {
			about: about(policy.name),
			model: serviceModel,
			environment: '',
			severity: 'warning',
			title: `too few people can approve under the policy ${policy.name}`.slice(0, 150),
			notes: [message],
		})
	const open = await context.db
		.select({ about: incidents.about })
		.from(incidents)
		.where(and(like(incidents.about, 'policy:%'), ne(incidents.status, 'resolved')))
	for (const { about: known } of open)
		if (known !== null && !found.some(({ policy }) => about(policy.name) === known))
			await resolveIncidentAbout(context, executor, known, 'enough people can approve')
}
