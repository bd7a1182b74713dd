import { parquetWriteBuffer } from 'hyparquet-writer'
import { expect } from 'vitest'
import { openParquetInThread } from '../../src/platform/node/parquet.ts'
import { golden } from '../explain/onnx/golden.ts'
import { withServer } from '../support/fixtures.ts'
import { damagedCopies } from '../support/flip-bytes.ts'
import { type TestServer, testServer } from '../support/server.ts'

const it = withServer(() => testServer({}, { openParquet: openParquetInThread(3000) }))
it.beforeAll(async ({ server }) => {
	await server.post('/v1/models', { model: 'm', task: 'binary' })
	const features = golden.names.map((name: string) => ({ name, type: 'numeric' }))
	await server.post('/v1/models/m/versions', { version: '1', features })
})

const put = (server: TestServer, path: string, body: Uint8Array<ArrayBuffer>, type: string) =>
	server.fetch(`/v1/models/m/versions/1/${path}`, { method: 'PUT', body, headers: { 'content-type': type } })
const parquetType = 'application/vnd.apache.parquet'
const allowed = [200, 201, 400, 409, 413, 422]

it('a damaged Parquet file is read or refused, and never hangs or is a fault of ours', async ({ server }) => {
	const columnData = golden.names.map((name: string, c: number) => ({
		name,
		data: Array.from({ length: 40 }, (_, i) => (c % 2 === 0 ? i / 7 : (i % 5) + c)),
		type: 'DOUBLE' as const,
	}))
	const whole = new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 20 }))
	const statuses = new Map<number, number>()
	for (const body of damagedCopies(whole, 24)) {
		const { status, text } = await put(server, 'baseline', body, parquetType)
		expect(allowed, text).toContain(status)
		statuses.set(status, (statuses.get(status) ?? 0) + 1)
	}
	expect(statuses.get(400)).toBeGreaterThan(2)
})

it('a small Parquet file that claims to hold very many cells is refused before they are made', async ({
	server,
}) => {
	const data = Array(1_400_000).fill(null)
	const columnData = ['a', 'b'].map((name) => ({ name, data, type: 'DOUBLE' as const }))
	const whole = new Uint8Array(parquetWriteBuffer({ columnData }))
	const { status, body } = await put(server, 'baseline', whole, parquetType)
	expect([status, body.detail]).toEqual([413, expect.stringContaining('2800000 cells')])
})
