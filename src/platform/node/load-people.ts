import { readFile, stat } from 'node:fs/promises'
import type { Logger } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import type { PeopleFile } from '../../ports/people.ts'
import { nobody, parsePeople } from '../../registry/person/people-file.ts'
import { faultText, poll } from './load-rules.ts'

export type PeopleSource = { current(): PeopleFile; close(): void }

const setting = 'PLUMBLINE_PEOPLE'

/**
 * Reads the mapping file and follows its changes until `close`. Throws `invalid` when it is invalid at the start; a later
 * invalid file is logged and not used.
 */
export async function openPeople(
	path: string | undefined,
	{ logger }: { logger: Logger },
): Promise<PeopleSource> {
	if (path === undefined) return { current: () => nobody, close() {} }
	const seen = await fingerprint(path)
	const first = await read(path)
	if (!first.ok) throw new AppError('invalid', `${setting} is invalid. ${first.errors.join('; ')}`)
	let { people } = first
	const close = poll(
		() => fingerprint(path),
		seen,
		async () => {
			const next = await read(path)
			if (!next.ok)
				return logger.error('the changed mapping of people is invalid; the current one stays in force', {
					path,
					errors: next.errors,
				})
			if (next.people.digest === people.digest) return
			logger.info('mapping of people reloaded', { before: people.digest, after: next.people.digest })
			people = next.people
		},
	)
	return { current: () => people, close }
}

type Read = { ok: true; people: PeopleFile } | { ok: false; errors: string[] }

async function read(path: string): Promise<Read> {
	try {
		const parsed = await parsePeople(path, await readFile(path, 'utf8'))
		return parsed.ok ? parsed : { ok: false, errors: parsed.faults.map(faultText) }
	} catch (error) {
		return { ok: false, errors: [`${path} cannot be read: ${(error as Error).message}`] }
	}
}

async function fingerprint(path: string): Promise<string> {
	try {
		const { size, mtimeMs, ino } = await stat(path)
		return JSON.stringify([size, mtimeMs, ino])
	} catch (error) {
		return `${(error as NodeJS.ErrnoException).code}`
	}
}
