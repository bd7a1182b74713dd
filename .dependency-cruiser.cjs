// The arrows of the house: downward only, never sideways between siblings. A folder that is not named here may be
// reached by anything above it; what is named may reach only what it lists.

const src = (...names) => `^src/(${names.join('|')})(/|\\.ts$)`

/** Which folders of src a folder may reach, beside itself. */
const reach = {
	core: [],
	stats: ['core'],
	profile: ['core'],
	tally: ['core', 'stats', 'profile'],
	metrics: ['core', 'stats', 'profile', 'tally'],
	explain: ['core', 'stats'],
	tables: ['core'],
	evaluation: ['core', 'stats', 'profile', 'tally', 'metrics', 'tables'],
	rules: ['core', 'metrics'],
	ledger: ['core'],
	db: ['core', 'context', 'ledger', 'profile', 'metrics', 'rules'],
	log: ['core', 'context', 'db', 'profile', 'tally'],
	services: [
		'core',
		'context',
		'db',
		'ledger',
		'log',
		'profile',
		'tally',
		'rules',
		'metrics',
		'explain',
		'stats',
	],
	integrations: ['core', 'context'],
	actions: ['core', 'context', 'services', 'integrations', 'rules'],
	reports: ['core', 'context', 'services', 'metrics'],
	http: [
		'core',
		'context',
		'actions',
		'services',
		'reports',
		'metrics',
		'profile',
		'rules',
		'tables',
		'log/prediction-log',
	],
	slack: ['core', 'context', 'actions', 'services', 'reports', 'metrics'],
	console: ['core', 'context', 'actions', 'services', 'reports', 'metrics', 'http'],
	jobs: ['core', 'context', 'actions', 'services', 'reports', 'metrics'],
	app: ['core', 'context', 'http', 'slack', 'console', 'jobs'],
}

// `context.ts` names types from everywhere and imports no code.
const arrows = Object.entries(reach).map(([folder, allowed]) => ({
	name: `${folder}-reaches-only-downward`,
	comment: `src/${folder} may import ${allowed.join(', ') || 'nothing else'}.`,
	severity: 'error',
	// Files that only Node loads sit beside what they load for; they may use the types of the context.
	from: { path: src(folder), pathNot: '^src/rules/.*-node\\.ts$' },
	to: { path: '^src/', pathNot: src(folder, ...allowed) },
}))

// Every file directly in src except for these two, and the command line.
const roots = '^src/(?!context\\.|app\\.)[a-z-]+\\.ts$|^src/(cli|demo)/'
const pure = src('core', 'stats', 'profile', 'tally', 'metrics', 'explain', 'rules', 'ledger', 'tables')

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
			from: { path: '^src/', pathNot: roots },
			to: { path: roots },
		},
		{
			name: 'pure-stays-pure',
			comment: 'Statistics, metrics, rules, profiles and the ledger know no context, database or platform.',
			severity: 'error',
			from: { path: pure, pathNot: '-node\\.ts$' },
			to: {
				path: `${src('context', 'db', 'log', 'services')}|node_modules/(drizzle-orm|hono|@libsql|@slack)/`,
			},
		},
		{
			name: 'node-only-at-the-edge',
			comment:
				'The same code runs on workers: node:* belongs in the roots, the file database and files ending in -node.ts.',
			severity: 'error',
			from: { path: '^src/', pathNot: `${roots}|^src/log/|^src/db/open-node\\.ts$|-node\\.ts$` },
			to: { dependencyTypes: ['core'] },
		},
		{
			name: 'worker-reaches-no-node-file',
			comment: 'What the worker imports, however far away, must run without node:* of ours.',
			severity: 'error',
			from: { path: '^src/worker\\.ts$' },
			to: { path: '-node\\.ts$|^src/(node|cli)\\.ts$', reachable: true },
		},
		only(
			'hono-in-http',
			'node_modules/(hono|@hono)/',
			`${roots}|${src('http', 'console', 'app')}`,
			'Other transports must not learn HTTP.',
		),
		only(
			'drizzle-in-db-and-services',
			'node_modules/drizzle-orm/',
			src('db', 'services'),
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
			severity: 'error',
			from: { path: '^src/' },
			to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
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
