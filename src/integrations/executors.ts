import type { Context } from '../context.ts'
import type { ExecutorKind, ExecutorKinds } from '../ports/executors.ts'
import { githubExecutor } from './github/executor.ts'
import { gitlabExecutor } from './gitlab/executor.ts'
import { jenkinsExecutor } from './jenkins/executor.ts'
import type { MlflowOptions } from './mlflow/client.ts'
import { mlflowExecutor } from './mlflow/executor.ts'
import { webhookExecutor } from './webhook/executor.ts'

/** Connections that the environment configures. */
type Connections = { mlflow?: MlflowOptions | undefined }

/** The executors that act on other systems. A new one is a folder with its `ExecutorKind`, and a line here. */
const kinds = ({
	mlflow,
}: Connections): ((context: Context, others: () => ExecutorKinds) => ExecutorKind)[] => [
	webhookExecutor,
	mlflowExecutor(mlflow),
	githubExecutor,
	gitlabExecutor,
	jenkinsExecutor,
]

/** By the names in `approvals.yaml`. */
export function vendorExecutors(context: Context, connections: Connections = {}): ExecutorKinds {
	const list = kinds(connections).map((kind) => kind(context, () => byName))
	const byName: ExecutorKinds = Object.fromEntries(list.map((kind) => [kind.name, kind]))
	return byName
}
