import { z } from 'zod'
import {
	readCheckpoint,
	readEntryBundle,
	readLedgerKey,
	readProof,
	readTreeTile,
} from '../../evidence/ledger/read-ledger.ts'
import { Verification } from '../../evidence/ledger/verification.schema.ts'
import { verifyLedger } from '../../evidence/ledger/verify-database.ts'
import { type Answer, endpoint, ok, type Reply, type Resource } from '../endpoint.ts'
import { pathText } from '../parameters.ts'
import { prefers } from '../read-query.ts'

const plain = 'text/plain; charset=utf-8'
const binary = 'application/octet-stream'
/** A tile with its width never changes. Only who has the key may keep it. */
const unchanging = 'private, max-age=31536000, immutable'

const asText = (body: string): Reply => ok(body, { 'content-type': plain })
const asBytes = (bytes: Uint8Array<ArrayBuffer>): Response =>
	new Response(bytes, { headers: { 'content-type': binary, 'cache-control': unchanging } })
const text = (description: string, example: string): Answer => ({
	description,
	type: 'text/plain',
	schema: z.string(),
	example,
})
const bytes = (description: string): Answer => ({ description, type: binary })

const tilePath = pathText(
	'The number of the tile in groups of three digits, all but the last after an `x`, and `.p/` with the width of a partial tile.',
	'000.p/2',
)
const note =
	'plumbline\n2\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\u2014 plumbline Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n'
const proof = `c2sp.org/tlog-proof@v1\nindex 0\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n\n${note}`
const key = 'plumbline+1c0aa4f2+AWTdSsUNqJYKZ1Hoc2kGGvgM2kCY5ZkvrPmBkhSAW7iC'

export const ledger = {
	about:
		'The ledger as a transparency log: signed checkpoints, tiles and proofs, as in C2SP tlog-tiles. Outsiders check it with the verifier key alone.',
	endpoints: [
		endpoint({
			method: 'get',
			path: '/v1/audit/key',
			id: 'getLedgerKey',
			summary: 'Read the verifier key',
			description:
				'The public half of the key that signs checkpoints, in the format of signed notes. Get it once, from somebody you trust, and keep it: a key that is read beside what it signs proves nothing.',
			access: 'auditor',
			answers: {
				200: {
					...text('The verifier key; as JSON `{ key, origin }` where that is preferred', `${key}\n`),
					otherType: 'application/json',
				},
			},
			handle: ({ context, actor, request }) => {
				const found = readLedgerKey(context, actor)
				return prefers(request.headers.get('accept'), 'application/json')
					? ok(found)
					: asText(`${found.key}\n`)
			},
		}),
		endpoint({
			method: 'get',
			path: '/v1/audit/checkpoint',
			id: 'getCheckpoint',
			summary: 'Read the newest checkpoint',
			description:
				'A signed note (C2SP tlog-checkpoint). Each minute, the entries that were added are signed.',
			access: 'auditor',
			answers: { 200: text('The checkpoint', note) },
			errors: ['not-found'],
			handle: async ({ context, actor }) => asText(await readCheckpoint(context, actor)),
		}),
		endpoint({
			method: 'get',
			path: '/v1/audit/tile/entries/{tile}',
			takesRest: true,
			id: 'getEntryBundle',
			summary: 'Read a bundle of entries',
			description:
				'Up to 256 entries, each after its length as a big-endian uint16. Needs a key that reaches every model. Reading entries is an entry itself.',
			access: 'auditor',
			params: z.object({ tile: tilePath }),
			answers: { 200: bytes('The entries') },
			handle: async ({ context, actor, params }) =>
				asBytes(await readEntryBundle(context, actor, params.tile)),
		}),
		endpoint({
			method: 'get',
			path: '/v1/audit/tile/{level}/{tile}',
			takesRest: true,
			id: 'getTile',
			summary: 'Read a tile',
			description:
				'Up to 256 hashes of 32 bytes: of entries at level 0, of full tiles of the level below above it.',
			access: 'auditor',
			params: z.object({ level: pathText('The level, from 0 to 63.', '0'), tile: tilePath }),
			answers: { 200: bytes('The hashes') },
			handle: async ({ context, actor, params }) =>
				asBytes(await readTreeTile(context, actor, params.level, params.tile)),
		}),
		endpoint({
			method: 'get',
			path: '/v1/audit/proofs/{index}',
			id: 'getEntryProof',
			summary: 'Prove an entry',
			description:
				'A `.tlog-proof` (C2SP tlog-proof): the hashes that lead from the entry to the root of the newest checkpoint, and that checkpoint. An entry that it does not cover yet is signed first.',
			access: 'auditor',
			params: z.object({ index: pathText('The index of an entry.', '0') }),
			answers: { 200: text('The proof', proof) },
			handle: async ({ context, actor, params }) => asText(await readProof(context, actor, params.index)),
		}),
		endpoint({
			method: 'post',
			path: '/v1/audit/verification',
			id: 'verifyLedger',
			summary: 'Verify the ledger',
			description:
				'The service verifies its own ledger, and every row, file and report that the entries commit to. It reads everything, so it can take minutes. Needs a key that reaches every model.',
			access: 'auditor',
			answers: {
				200: {
					description: 'What was found',
					schema: Verification,
					example: {
						status: 'verified',
						entries: 2,
						size: 2,
						root: '0ac51869918f1a839dd240801d4aa89bf5d78a3ec1d9f9607f06307e0f639d8b',
						records: 3,
						failures: [],
					},
				},
			},
			handle: async ({ context, actor }) => ok(await verifyLedger(context, actor)),
		}),
	],
} satisfies Resource
