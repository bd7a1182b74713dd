import { AppError } from './errors.ts'

const mostBytes = 16 * 2 ** 20

/** The lines of a text that comes in chunks, those of a chunk together. Throws `malformed` for one over 16 MB. */
export async function* linesIn(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string[]> {
	const decoder = new TextDecoder()
	let left = ''
	for await (const chunk of chunks) {
		const lines = (left + decoder.decode(chunk, { stream: true })).split('\n')
		left = lines.pop() as string
		if (left.length > mostBytes)
			throw new AppError('malformed', `A line of the file is over ${mostBytes} bytes: is it JSON lines?`)
		yield lines
	}
	yield [left + decoder.decode()]
}
