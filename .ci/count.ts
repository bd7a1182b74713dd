import { existsSync, readFileSync } from 'node:fs'

// Adds up the reports of the named suites. A suite without a report did not run, and a file that does not load has no
// tests that could fail: each counts as a failure.

type Report = {
	numPassedTests: number
	numFailedTests: number
	testResults: { name: string; status: string; assertionResults: { status: string }[] }[]
}

const [folder, ...suites] = process.argv.slice(2)
let passed = 0
let failed = 0
for (const suite of suites) {
	const path = `${folder}/${suite}.json`
	if (!existsSync(path)) {
		console.log(`The suite ${suite} did not run.`)
		failed++
		continue
	}
	const { numPassedTests, numFailedTests, testResults }: Report = JSON.parse(readFileSync(path, 'utf8'))
	const broken = testResults.filter(
		(file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
	)
	for (const { name } of broken) console.log(`${name} does not load.`)
	passed += numPassedTests
	failed += numFailedTests + broken.length
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
