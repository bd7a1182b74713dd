import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openParquetInThread } from '../../src/platform/node/parquet.ts'
import { golden } from '../explain/onnx/golden.ts'
import { damagedCopies } from '../support/flip-bytes.ts'
import { testServer } from '../support/server.ts'

let server: Awaited<ReturnType<typeof testServer>>
beforeAll(async () => {
	server = await testServer({}, { openParquet: openParquetInThread(3000) })
	await server.post('/v1/models', { model: 'm', task: 'binary' })
	const features = golden.names.map((name: string) => ({ name, type: 'numeric' }))
	await server.post('/v1/models/m/versions', { version: '1', features })
})
afterAll(() => server.close())

const put = (path: string, body: Uint8Array<ArrayBuffer>, type: string) =>
	server.fetch(`/v1/models/m/versions/1/${path}`, { method: 'PUT', body, headers: { 'content-type': type } })
const parquetType = 'application/vnd.apache.parquet'
const allowed = [200, 201, 400, 409, 413, 422]

it('a damaged Parquet file is read or refused, and never hangs or is a fault of ours', async () => {
	const columnData = golden.names.map((name: string, c: number) => ({
		name,
		data: Array.from({ length: 40 }, (_, i) => (c % 2 === 0 ? i / 7 : (i % 5) + c)),
		type: 'DOUBLE' as const,
	}))
	const whole = new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 20 }))
	const statuses = new Map<number, number>()
	for (const body of damagedCopies(whole, 24)) {
		const { status, text } = await put('baseline', body, parquetType)
		expect(allowed, text).toContain(status)
		statuses.set(status, (statuses.get(status) ?? 0) + 1)
	}
	expect(statuses.get(400)).toBeGreaterThan(2)
})

it('a small Parquet file that claims to hold very many cells is refused before they are made', async () => {
	const data = Array(1_400_000).fill(null)
	const columnData = ['a', 'b'].map((name) => ({ name, data, type: 'DOUBLE' as const }))
	const whole = new Uint8Array(parquetWriteBuffer({ columnData }))
	const { status, body } = await put('baseline', whole, parquetType)
	expect([status, body.detail]).toEqual([413, expect.stringContaining('2800000 cells')])
})
