import type { ExecutorKind, ExecutorKinds } from '../ports/executors.ts'
import type { TargetContext } from './target.ts'
import { webhookExecutor } from './webhook/executor.ts'

/** The executors that act on other systems. A new one is a folder with its `ExecutorKind`, and a line here. */
const kinds: ((context: TargetContext, others: () => ExecutorKinds) => ExecutorKind)[] = [webhookExecutor]

/** By the names in `approvals.yaml`. */
export function vendorExecutors(context: TargetContext): ExecutorKinds {
	const list = kinds.map((kind) => kind(context, () => byName))
	const byName: ExecutorKinds = Object.fromEntries(list.map((kind) => [kind.name, kind]))
	return byName
}
