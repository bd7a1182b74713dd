import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

const settings = (folder: string) => `[req]
distinguished_name = name
[name]
[extensions]
extendedKeyUsage = critical,timeStamping
[tsa]
serial = ${folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
`

/** A time-stamping authority of RFC 3161 over HTTP: `openssl ts`, with a certificate of its own in the folder. */
export async function startAuthority(folder: string) {
	const path = (name: string) => join(folder, name)
	const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' })
	writeFileSync(path('ts.cnf'), settings(folder))
	writeFileSync(path('serial'), '01\n')
	const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=authority']
	const files = ['-keyout', path('tsa.pem'), '-out', path('tsa.crt')]
	openssl(...request, ...files, '-config', path('ts.cnf'), '-extensions', 'extensions')
	let replaced: Uint8Array | undefined
	const server = createServer(async (incoming, response) => {
		const chunks: Buffer[] = []
		for await (const chunk of incoming) chunks.push(chunk)
		writeFileSync(path('query'), Buffer.concat(chunks))
		const signer = ['-signer', path('tsa.crt'), '-inkey', path('tsa.pem')]
		const reply = openssl(
			'ts',
			'-reply',
			'-queryfile',
			path('query'),
			...signer,
			'-config',
			path('ts.cnf'),
			'-section',
			'tsa',
		)
		response.writeHead(200, { 'content-type': 'application/timestamp-reply' })
		response.end(replaced ?? reply)
	})
	server.listen(0, '127.0.0.1')
	await once(server, 'listening')
	return {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
		/** What it answers from now on, whatever it is asked. */
		answerWith(bytes: Uint8Array | undefined) {
			replaced = bytes
		},
		/** What openssl says of a time stamp of a text. */
		verify(text: string, stamp: Uint8Array): string {
			writeFileSync(path('data'), text)
			writeFileSync(path('stamp'), stamp)
			return openssl(
				'ts',
				'-verify',
				'-data',
				path('data'),
				'-in',
				path('stamp'),
				'-CAfile',
				path('tsa.crt'),
			).toString()
		},
		async close() {
			server.closeAllConnections()
			await new Promise((resolve) => server.close(resolve))
		},
	}
}
