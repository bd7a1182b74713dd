import { globSync } from 'node:fs'

// What `npm test` leaves out, so that nobody takes it for everything.

const suites = [
	{
		command: 'npm run test:long',
		files: globSync('test/**/*.long.test.ts'),
		is: 'simulates coverage and false alarms at full size, and packs and installs the package',
		needs: 'it needs some minutes and the npm registry',
	},
	{
		command: 'npm run test:peers',
		files: globSync('test/**/*.peers.test.ts'),
		is: 'compares with the real Python libraries, MLflow, S3, Prometheus, onnxruntime and public data sets',
		needs: '.ci/peers, .ci/prometheus and .ci/onnxruntime install what it needs',
	},
]

console.log('\nnpm test leaves out:')
for (const { command, files, is, needs } of suites)
	console.log(`  ${command} (${files.length} files) ${is}; ${needs}.`)
