/** One block of an event stream: an event, or a comment. */
export type StreamEvent = { event?: string; id?: string; data?: unknown; comment?: string }

/** A stream of server-sent events over real HTTP, read one by one. */
export async function openEvents(url: string, headers: Record<string, string>) {
	const abort = new AbortController()
	const response = await fetch(url, {
		headers: { accept: 'text/event-stream', ...headers },
		signal: abort.signal,
	})
	const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
	let text = ''
	/** The next block; undefined at the end of the stream. */
	const nextBlock = async (): Promise<StreamEvent | undefined> => {
		for (;;) {
			const end = text.indexOf('\n\n')
			if (end >= 0) {
				const block = text.slice(0, end)
				text = text.slice(end + 2)
				return parse(block)
			}
			const { done, value } = (await reader?.read()) ?? { done: true, value: undefined }
			if (done) return undefined
			text += value
		}
	}
	return {
		response,
		nextBlock,
		/** The next event, without comments. */
		async next(): Promise<StreamEvent | undefined> {
			for (;;) {
				const block = await nextBlock()
				if (block === undefined || block.event !== undefined) return block
			}
		},
		close: () => abort.abort(),
	}
}

function parse(block: string): StreamEvent {
	const found: StreamEvent = {}
	for (const line of block.split('\n')) {
		const [, field, value = ''] = /^(\w*): ?(.*)$/.exec(line) ?? []
		if (field === '') found.comment = value
		else if (field === 'data') found.data = JSON.parse(value)
		else if (field === 'event' || field === 'id') found[field] = value
		else throw new Error(`a line of an unknown kind: ${line}`)
	}
	return found
}
