import { helpMessage } from '../blocks/help.ts'
import type { SlackCommand } from '../reply.ts'

const about = { name: 'help', usage: 'help', about: 'what can be asked' }

/** Built by the registry, which knows all the others. */
export const helpFor = (others: readonly SlackCommand[]): SlackCommand => ({
	...about,
	answer: async () => helpMessage([about, ...others]),
})
