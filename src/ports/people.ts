import type { Role } from '../core/actor.ts'

/** A role for whoever the mapping fits. */
export type Grant = { role: Role; models: readonly string[]; owner?: string; expiresAt?: number }

/** Who belongs to a group of the file, with the groups in it written out. */
export type Members = {
	/** TEAM/USER. */
	users: ReadonlySet<string>
	/** Without the case of ASCII letters. */
	emails: ReadonlySet<string>
	/** TEAM/GROUP of Slack. */
	slackGroups: ReadonlySet<string>
}

/** The mapping file of Slack users. Where several grants of a kind fit, the first in the file applies. */
export type PeopleFile = {
	/** Workspaces whose e-mail addresses are trusted, beside that of SLACK_BOT_TOKEN. */
	teams: readonly string[]
	/** By TEAM/USER. */
	bySlack: ReadonlyMap<string, Grant>
	byEmail: ReadonlyMap<string, Grant>
	bySso: ReadonlyMap<string, Grant>
	/** By the name of a group of the file, or TEAM/GROUP of Slack. */
	byGroup: readonly (readonly [group: string, grant: Grant])[]
	groups: ReadonlyMap<string, Members>
	digest: string
}
