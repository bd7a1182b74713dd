import { ArtifactError } from '../model.ts'

const begins = (bytes: Uint8Array, ...start: number[]) => start.every((byte, i) => bytes[i] === byte)

/** Refuses what is often uploaded instead of a model's own file, and says how to get that. `save`: the call that writes it. */
export function refuseForeignFile(bytes: Uint8Array, save: string): void {
	if (begins(bytes, 0x1f, 0x8b))
		throw new ArtifactError('The file is compressed with gzip. Unpack it and upload what is inside.')
	// Pickles of protocol 2 on begin with 0x80; joblib and npz archives are zip or zlib files.
	if (begins(bytes, 0x80) || begins(bytes, 0x50, 0x4b) || begins(bytes, 0x78, 0x9c))
		throw new ArtifactError(
			`The file is a pickle or a joblib archive, which can run code when it is opened and is never read. Write the model with ${save} and upload that file.`,
		)
}

/** The first byte that is no space, behind a byte order mark; -1 when there is none. */
export function firstByte(bytes: Uint8Array): number {
	let at = begins(bytes, 0xef, 0xbb, 0xbf) ? 3 : 0
	while (bytes[at] === 32 || bytes[at] === 10 || bytes[at] === 13 || bytes[at] === 9) at++
	return bytes[at] ?? -1
}
