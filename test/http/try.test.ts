import { createClient } from '@libsql/client'
import { test } from 'vitest'
import { testServer } from '../support/server.ts'
test('x', async () => {
	const server = await testServer({}, { logger: { info() {}, warn() {}, error: (m, f) => console.log(m, f?.error, f?.cause) } })
	const other = createClient({ url: server.databaseUrl })
	const held = await other.transaction('write')
	console.log((await server.post('/v1/models', { model: 'm', task: 'binary' })).text)
	await held.rollback()
	for (let i = 0; i < 3; i++) console.log((await server.post('/v1/models', { model: 'm', task: 'binary' })).text)
	other.close()
	for (let i = 0; i < 3; i++) console.log((await server.post('/v1/models', { model: 'm', task: 'binary' })).text)
	await server.close()
}, 100000)
