import { access } from './access.ts'
import type { Attack } from './attack.ts'
import { bodies } from './bodies.ts'
import { connections } from './connections.ts'
import { patterns } from './patterns.ts'
import { restarts } from './restarts.ts'
import { slack } from './slack.ts'

// The last admin key of all is attacked last.
export const attacks: Attack[] = [
	...patterns,
	...bodies,
	...connections,
	...slack,
	...access.slice(0, -1),
	...restarts,
	...access.slice(-1),
]
