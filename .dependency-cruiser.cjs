// The arrows of the house: downward only. Type imports count. docs/architecture.md shows the same order as a picture.

const src = (...names) => `^src/(${names.join('|')})(/|\\.ts$)`

/** Pure folders: what each may import, beside itself. No context, clock, network or database. */
const pure = {
	core: [],
	stats: ['core'],
	summaries: ['core', 'stats'],
	metrics: ['core', 'stats', 'summaries'],
	explain: ['core', 'stats'],
	rules: ['core', 'metrics'],
	ledger: ['core'],
	tables: ['core'],
	charts: ['core', 'stats', 'explain'],
}

/** Folders with state, lowest first: each may import those before it, and whatever is pure. */
const stateful = [
	'ports',
	'db',
	'log',
	'registry',
	'ingest',
	'decisions',
	'monitoring',
	'approvals',
	'alerting',
	'execution',
	'evidence',
]

/** The edges: transports and schedules. What each may import, beside itself and everything above. */
const edges = {
	integrations: [],
	jobs: ['slack'],
	slack: [],
	http: ['jobs', 'slack'],
	console: ['http', 'slack'],
	app: ['http', 'slack', 'console'],
}

const pureFolders = Object.keys(pure)
const reach = {
	...pure,
	...Object.fromEntries(
		stateful.map((folder, i) => [folder, [...pureFolders, 'context', ...stateful.slice(0, i)]]),
	),
	...Object.fromEntries(
		Object.entries(edges).map(([folder, others]) => [
			folder,
			[...pureFolders, 'context', ...stateful, ...others],
		]),
	),
	context: [...pureFolders, 'ports', 'db', 'log'],
}

const arrows = Object.entries(reach).map(([folder, allowed]) => ({
	name: `${folder}-imports-only-downward`,
	comment: `src/${folder} may import ${allowed.join(', ') || 'nothing else'}.`,
	severity: 'error',
	// What only Node loads may use Node's threads and files.
	from: { path: src(folder), pathNot: '-node\\.ts$' },
	to: { path: '^src/', pathNot: src(folder, ...allowed) },
}))

// Entry points, the command line, and what only runs on one platform.
const roots = '^src/(?!context\\.|app\\.)[a-z-]+\\.ts$|^src/(cli|demo|platform)/'
const pureSource = src(...pureFolders)

const only = (name, packages, allowed, comment) => ({
	name,
	comment,
	severity: 'error',
	from: { path: '^src/', pathNot: allowed },
	to: { path: packages },
})

module.exports = {
	forbidden: [
		...arrows,
		{
			name: 'context-is-types-only',
			comment: 'src/context.ts names types from everywhere; code would make it part of every cycle.',
			severity: 'error',
			from: { path: '^src/context\\.ts$' },
			to: { path: '^src/', dependencyTypesNot: ['type-only'] },
		},
		{
			name: 'nothing-imports-a-root',
			comment:
				'Roots read the environment and start things. Only another root or the command line uses them.',
			severity: 'error',
			from: { path: '^src/', pathNot: `${roots}|-node\\.ts$` },
			to: { path: roots },
		},
		{
			name: 'pure-stays-pure',
			comment: 'Pure folders know no context, database or platform.',
			severity: 'error',
			from: { path: pureSource },
			to: {
				path: `${src('context', ...stateful)}|node_modules/(drizzle-orm|hono|@libsql|@slack)/`,
			},
		},
		{
			name: 'node-only-at-the-edge',
			comment:
				'The same code runs on workers: node:* belongs in src/platform/node, the entry points and files that end in -node.ts.',
			severity: 'error',
			from: { path: '^src/', pathNot: `${roots}|-node\\.ts$` },
			to: { dependencyTypes: ['core'] },
		},
		{
			name: 'worker-reaches-no-node-file',
			comment: 'What the worker imports, however far away, must run without node:* of ours.',
			severity: 'error',
			from: { path: '^src/worker\\.ts$' },
			to: { path: '-node\\.ts$|^src/(node|cli)\\.ts$|^src/platform/node/', reachable: true },
		},
		only(
			'hono-in-http',
			'node_modules/(hono|@hono)/',
			`${roots}|${src('http', 'console', 'app')}`,
			'Other transports must not learn HTTP.',
		),
		only(
			'drizzle-in-use-cases',
			'node_modules/drizzle-orm/',
			src(
				'db',
				'registry',
				'ingest',
				'decisions',
				'monitoring',
				'approvals',
				'alerting',
				'execution',
				'evidence',
				'jobs',
				'slack',
			),
			'Queries live in use cases.',
		),
		only(
			'bolt-in-one-file',
			'node_modules/@slack/bolt/',
			'^src/slack/bolt\\.ts$',
			'Handlers are plain functions; Bolt only carries them.',
		),
		{
			name: 'no-cycles',
			comment: 'Type imports count: files in a circle cannot be read, moved or tested one at a time.',
			severity: 'error',
			from: { path: '^src/' },
			to: { circular: true },
		},
		{
			name: 'no-development-packages',
			comment: 'The package is installed without them.',
			severity: 'error',
			from: { path: '^src/' },
			to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
		},
		{
			name: 'resolvable',
			severity: 'error',
			from: { path: '^(src|test|bench)/' },
			to: { couldNotResolve: true, pathNot: '^cloudflare:' },
		},
	],
	options: {
		// TypeScript 7 has no API that the cruiser knows: with its default parser it finds nothing and says that all is well.
		parser: 'swc',
		tsPreCompilationDeps: true,
		doNotFollow: { path: 'node_modules' },
		// The launcher is no part of the program: it starts it, compiled or as it is.
		exclude: { path: '^(dist/|src/plumbline\\.js$)' },
		tsConfig: { fileName: 'tsconfig.json' },
		enhancedResolveOptions: {
			exportsFields: ['exports'],
			conditionNames: ['import', 'node', 'types', 'default'],
		},
	},
}
