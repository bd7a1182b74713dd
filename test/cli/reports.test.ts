import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { unzipSync } from 'fflate'
import { describe, expect } from 'vitest'
import { commandLine } from '../support/command-line.ts'
import { withServer } from '../support/fixtures.ts'
import { type ReportServer, reportServer } from '../support/report-server.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const it = withServer(reportServer)
const folder = temporaryFolder()

const run = (server: ReportServer, ...args: string[]) =>
	commandLine(args, { PLUMBLINE_URL: server.url, PLUMBLINE_KEY: server.adminKey })
const february = ['--from', '2026-02-01', '--to', '2026-03-01']
const monitoring = ['report', 'model-monitoring', '--model', 'credit', ...february]

describe('plumbline report', () => {
	it('makes a report, writes it in the format of the file, and says what it is', async ({ server }) => {
		const out = join(folder, 'february.html')
		const made = await run(server, ...monitoring, '--out', out)
		expect([made.code, made.err]).toEqual([
			0,
			expect.stringMatching(
				/^rep_\w+, model-monitoring of credit, is a draft: its request req_\w+ is pending. Written to /,
			),
		])
		expect(await readFile(out, 'utf8')).toContain('<!doctype html>')
		const printed = await run(server, ...monitoring, '--format', 'json')
		expect(JSON.parse(printed.out)).toMatchObject({ template: 'model-monitoring', status: 'draft' })
	})

	it('fetches one by its id, also with all evidence', async ({ server }) => {
		const { id } = JSON.parse((await run(server, ...monitoring, '--json')).out)
		const out = join(folder, 'bundle.zip')
		expect((await run(server, 'report', id, '--out', out)).code).toBe(0)
		expect(Object.keys(unzipSync(await readFile(out)))).toContain('report.json')
		const csv = await run(server, 'report', id, '--format', 'csv')
		expect(csv.out.split('\r\n').at(0)).toMatch(/^section,table,row,cell_1,[\w,]+$/)
		expect((await run(server, 'report', 'rep_none')).err).toContain('There is no report "rep_none"')
	})

	it.for([
		[['report'], 'The template is missing'],
		[['report', 'model-monitorin', '--model', 'credit', ...february], 'Did you mean "model-monitoring"?'],
		[['report', 'model-monitoring', '--model', 'credit', '--from', '2026-02-01'], '--from and --to belong'],
		[[...monitoring, '--format', 'doc'], 'must be one of'],
		[[...monitoring, '--format', 'pdf'], 'needs --out'],
		[[...monitoring, '--out', 'x.doc'], 'add --format'],
		[[...monitoring, '--cut', 'x'], '--cut'],
		[[...monitoring, '--format', 'html', '--out', '/none/x.html'], 'could not be written'],
	] as const)('says what is wrong with %j', async ([args, message], { server }) => {
		const { code, err } = await run(server, ...args)
		expect([code, err]).toEqual([2, expect.stringContaining(message)])
	})
})

describe('plumbline reports', () => {
	it('lists them', async ({ server }) => {
		const { id } = JSON.parse((await run(server, ...monitoring, '--json')).out)
		const { out } = await run(server, 'reports', '--model', 'credit', '--status', 'draft')
		expect(out).toContain(id)
		expect(out).toContain('2026-02-01 to 2026-03-01')
		expect((await run(server, 'reports', '--template', 'bias-audit')).out).toBe(
			'There are no such reports.\n',
		)
	})
})
