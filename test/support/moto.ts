import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { motoServer } from './peers.ts'

async function freePort(): Promise<number> {
	const server = createServer().listen(0, '127.0.0.1')
	await once(server, 'listening')
	const { port } = server.address() as { port: number }
	server.close()
	await once(server, 'close')
	return port
}

export type Moto = { url: string; close(): Promise<void> }

/** Starts an S3 service of its own. */
export async function startMoto(): Promise<Moto> {
	const port = await freePort()
	const child: ChildProcess = spawn(motoServer, ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' })
	const url = `http://127.0.0.1:${port}`
	for (let n = 0; n < 300; n++) {
		const answered = await fetch(`${url}/moto-api/`).catch(() => undefined)
		if (answered) break
		if (child.exitCode !== null) throw new Error(`moto_server ended with ${child.exitCode}`)
		await new Promise((resolve) => setTimeout(resolve, 100))
	}
	return {
		url,
		async close() {
			child.kill('SIGTERM')
			if (child.exitCode === null) await once(child, 'exit')
		},
	}
}
