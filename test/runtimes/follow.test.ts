import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openEvents } from '../support/event-stream.ts'
import { processKey, serveProcess } from '../support/process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const folder = temporaryFolder()
const headers = { authorization: `Bearer ${processKey}`, 'content-type': 'application/json' }
const path = '/v1/models/credit/deployments/production'

it('followers of one process see what another one deploys, and do not keep theirs from stopping', async () => {
	const file = join(folder, 'plumbline.db')
	const [one, other] = [await serveProcess(file), await serveProcess(file)]
	const call = async (method: string, to: string, body: unknown) => {
		const answer = await fetch(one.url + to, { method, headers, body: JSON.stringify(body) })
		expect(answer.status, await answer.text()).toBeLessThan(300)
	}
	await call('POST', '/v1/models', { model: 'credit', task: 'binary' })
	for (const version of ['1', '2'])
		await call('POST', '/v1/models/credit/versions', { version, features: [] })
	await call('PUT', path, { champion: '1' })
	const etag = (await fetch(other.url + path, { headers })).headers.get('etag') as string
	const wait = (tag: string) =>
		fetch(`${other.url}${path}?wait=60s`, { headers: { ...headers, 'if-none-match': tag } })
	const stream = await openEvents(other.url + path, headers)
	expect(await stream.next()).toMatchObject({ id: '1', data: { champion: '1' } })
	const waiting = wait(etag)
	await call('PUT', path, { champion: '2' })
	const answer = await waiting
	expect(await answer.json()).toMatchObject({ revision: 2, champion: '2' })
	expect(await stream.next()).toMatchObject({ id: '2', data: { champion: '2' } })

	const { hostname, port } = new URL(other.url)
	const idle = connect(Number(port), hostname)
	await once(idle, 'connect')
	const last = wait(answer.headers.get('etag') as string)
	const unanswered = await Promise.race([last, new Promise((resolve) => setTimeout(resolve, 200))])
	expect(unanswered).toBeUndefined()
	await other.kill('SIGTERM')
	expect(other.child.exitCode).toBe(0)
	expect((await last).status).toBe(304)
	expect(await stream.next()).toBeUndefined()
	idle.destroy()
	await one.kill('SIGTERM')
})
