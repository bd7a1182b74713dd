import { backup, restore } from './backup.ts'
import { baseline } from './baseline.ts'
import type { Command } from './command.ts'
import { demo } from './demo.ts'
import { keys } from './keys.ts'
import { migrate } from './migrate.ts'
import { models } from './models.ts'
import { rules } from './rules.ts'
import { run } from './run.ts'
import { send } from './send.ts'
import { serve } from './serve.ts'
import { slack } from './slack.ts'

/** In the order in which the help lists them. */
export const commands = [
	serve,
	demo,
	models,
	baseline,
	send,
	run,
	rules,
	keys,
	slack,
	migrate,
	backup,
	restore,
] satisfies Command[]
