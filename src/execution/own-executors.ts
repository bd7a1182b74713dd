import type { Context } from '../context.ts'
import type { ChangeSet } from '../db/changes.ts'
import type { ExecutorKinds } from '../ports/executors.ts'
import { pointerKind } from './pointer/pointer.ts'
import { settingKinds } from './settings.ts'

/** The executors that need no other system. */
export const ownExecutors = (context: Context): ExecutorKinds<ChangeSet> => ({
	pointer: pointerKind(context),
	...settingKinds(context),
})
