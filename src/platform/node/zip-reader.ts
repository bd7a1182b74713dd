import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { crc32, createInflateRaw, inflateRawSync } from 'node:zlib'
import { AppError } from '../../core/errors.ts'

// Reads ZIP archives of others: a file at a time, in bounded memory, by the directory at the end. Whatever the archive has
// besides its files is a fault, so that nothing hides in it.

type ZipEntry = { path: string; method: number; crc: number; packed: number; bytes: number; offset: number }

export type ZipArchive = {
	paths: string[]
	faults: { where: string; what: string }[]
	read(path: string): Promise<Uint8Array | undefined>
	digestOf(path: string): Promise<string>
	close(): Promise<void>
}

const endSize = 22
const centralSize = 46
const localSize = 30
/** Files that are read as a whole, such as 256 entries of 65,535 bytes. */
const maxWholeBytes = 32 * 2 ** 20
const maxDirectoryBytes = 64 * 2 ** 20
/** Deflate makes nothing 1,100 times as large: more is a lie. */
const maxFactor = 1100

const unreadable = (path: string, what: string) =>
	new AppError('invalid', `${path} is not a complete ZIP archive: ${what}.`)

/** Opens an archive. Throws `invalid` for one that is cut off or is none. */
export async function openZip(path: string): Promise<ZipArchive> {
	const file = await open(path)
	try {
		const { size } = await file.stat()
		const { entries, faults, start } = await readDirectory(file, size, path)
		await checkLayout(file, entries, start, faults)
		const byPath = new Map(entries.map((entry) => [entry.path, entry]))
		if (byPath.size < entries.length) faults.push({ where: path, what: 'It has two files of one name.' })
		return {
			paths: [...byPath.keys()],
			faults,
			read: async (name) => {
				const entry = byPath.get(name)
				return entry && readWhole(file, entry)
			},
			digestOf: async (name) => {
				const entry = byPath.get(name)
				if (!entry) throw new Error('it is not in the archive')
				return digestOf(file, entry)
			},
			close: () => file.close(),
		}
	} catch (error) {
		await file.close()
		throw error
	}
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
	const buffer = Buffer.alloc(length)
	const { bytesRead } = await file.read(buffer, 0, length, position)
	if (bytesRead < length) throw new Error('the archive ends in it')
	return buffer
}

async function readDirectory(file: FileHandle, size: number, path: string) {
	if (size < endSize) throw unreadable(path, 'it is too short')
	const tail = await readAt(file, Math.max(0, size - endSize - 0xffff), Math.min(size, endSize + 0xffff))
	const at = tail.lastIndexOf(Buffer.from('504b0506', 'hex'))
	if (at < 0 || at + endSize > tail.length) throw unreadable(path, 'its end is missing')
	const end = tail.subarray(at)
	const faults: ZipArchive['faults'] = []
	if (end.length !== endSize)
		faults.push({ where: path, what: `It has ${end.length - endSize} bytes after its end.` })
	const count = end.readUInt16LE(10)
	const length = end.readUInt32LE(12)
	const start = end.readUInt32LE(16)
	if (count === 0xffff || start === 0xffffffff || length > maxDirectoryBytes)
		throw unreadable(path, 'it is larger than a bundle can be')
	if (start + length !== size - end.length) throw unreadable(path, 'bytes are missing or were added')
	const directory = await readAt(file, start, length)
	return { entries: parseDirectory(directory, count, path, faults), faults, start }
}

function parseDirectory(
	directory: Buffer,
	count: number,
	path: string,
	faults: ZipArchive['faults'],
): ZipEntry[] {
	const entries: ZipEntry[] = []
	let at = 0
	for (let i = 0; i < count; i++) {
		if (at + centralSize > directory.length || directory.readUInt32LE(at) !== 0x02014b50)
			throw unreadable(path, 'its directory is damaged')
		const nameLength = directory.readUInt16LE(at + 28)
		const more = directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32)
		const name = directory.toString('utf8', at + centralSize, at + centralSize + nameLength)
		if (!isSafe(name))
			faults.push({
				where: name.slice(0, 200),
				what: 'Its name leads out of the archive, or is no plain path.',
			})
		entries.push({
			path: name,
			method: directory.readUInt16LE(at + 10),
			crc: directory.readUInt32LE(at + 16),
			packed: directory.readUInt32LE(at + 20),
			bytes: directory.readUInt32LE(at + 24),
			offset: directory.readUInt32LE(at + 42),
		})
		at += centralSize + nameLength + more
	}
	if (at !== directory.length) throw unreadable(path, 'its directory is damaged')
	return entries
}

/** Relative, with forward slashes, without `..`. */
const isSafe = (name: string): boolean =>
	/^[\x20-\x7e]+$/.test(name) &&
	!/[\\:]/.test(name) &&
	name.split('/').every((part) => part !== '' && part !== '.' && part !== '..')

/** The files stand one after another from the first byte to the directory, with the names that it has. */
async function checkLayout(
	file: FileHandle,
	entries: readonly ZipEntry[],
	start: number,
	faults: ZipArchive['faults'],
): Promise<void> {
	let at = 0
	for (const entry of [...entries].sort((a, b) => a.offset - b.offset)) {
		const where = entry.path
		if (entry.offset !== at || at + localSize > start) {
			faults.push({ where, what: 'The archive has other bytes before it.' })
			return
		}
		const head = await readAt(file, at, localSize)
		const [nameLength, extra] = [head.readUInt16LE(26), head.readUInt16LE(28)]
		const name = (await readAt(file, at + localSize, nameLength)).toString('utf8')
		if (head.readUInt32LE(0) !== 0x04034b50 || name !== entry.path || head.readUInt16LE(8) !== entry.method)
			faults.push({ where, what: 'Its head in the archive is not what the directory says.' })
		// Bit 3: sizes and checksum follow the data.
		const after = head.readUInt16LE(6) & 8 ? 16 : 0
		at += localSize + nameLength + extra + entry.packed + after
	}
	if (at !== start) faults.push({ where: 'archive', what: 'It has bytes that belong to no file.' })
}

async function dataAt(file: FileHandle, { offset, packed, bytes }: ZipEntry): Promise<number> {
	const head = await readAt(file, offset, localSize)
	if (bytes > (packed + 64) * maxFactor) throw new Error('it claims to be larger than it can be')
	return offset + localSize + head.readUInt16LE(26) + head.readUInt16LE(28)
}

async function readWhole(file: FileHandle, entry: ZipEntry): Promise<Uint8Array> {
	if (entry.bytes > maxWholeBytes || entry.packed > maxWholeBytes)
		throw new Error(`it has ${entry.bytes} bytes, more than such a file can have`)
	const packed = await readAt(file, await dataAt(file, entry), entry.packed)
	const bytes = unpack(packed, entry)
	if (bytes.length !== entry.bytes || crc32(bytes) !== entry.crc)
		throw new Error('it does not have its checksum')
	return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}

function unpack(packed: Buffer, { method, bytes }: ZipEntry): Buffer {
	if (method === 0) return packed
	if (method !== 8) throw new Error('it is packed in an unknown way')
	return inflateRawSync(packed, { maxOutputLength: Math.max(1, bytes) })
}

const partBytes = 2 ** 16

/** Streams of a file handle each leave a listener behind on it; reads do not. */
async function* partsOf(file: FileHandle, start: number, length: number): AsyncGenerator<Buffer> {
	for (let at = 0; at < length; at += partBytes)
		yield await readAt(file, start + at, Math.min(partBytes, length - at))
}

/** A file of any size, some kilobytes at a time. */
async function digestOf(file: FileHandle, entry: ZipEntry): Promise<string> {
	const start = await dataAt(file, entry)
	if (entry.method !== 0 && entry.method !== 8) throw new Error('it is packed in an unknown way')
	const hash = createHash('sha256')
	let [size, crc] = [0, 0]
	const source = Readable.from(partsOf(file, start, entry.packed))
	const parts = entry.packed === 0 ? [] : entry.method === 0 ? source : source.pipe(createInflateRaw())
	for await (const part of parts as AsyncIterable<Buffer>) {
		size += part.length
		if (size > entry.bytes) throw new Error('it is larger than the archive says')
		crc = crc32(part, crc)
		hash.update(part)
	}
	if (size !== entry.bytes || crc !== entry.crc) throw new Error('it does not have its checksum')
	return hash.digest('hex')
}
