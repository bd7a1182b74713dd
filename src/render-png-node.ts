import { Worker } from 'node:worker_threads'
import type { Rendered } from './render-png-thread-node.ts'

type Waiting = { resolve: (png: Uint8Array) => void; reject: (error: Error) => void }
type Renderer = { worker: Worker; waiting: Map<number, Waiting> }

/**
 * Turns an SVG into a PNG, twice its size. The thread that does it starts with the first picture, and holds up no exit.
 * `fonts` are files for the scripts that DejaVu Sans, which comes with us, does not have.
 */
export function pngRenderer(fonts: readonly string[] = []): (svg: string) => Promise<Uint8Array> {
	let renderer: Renderer | undefined
	let nextId = 1
	return (svg) => {
		renderer ??= start(fonts, (ended) => {
			if (renderer === ended) renderer = undefined
		})
		const { worker, waiting } = renderer
		return new Promise((resolve, reject) => {
			const id = nextId++
			waiting.set(id, { resolve, reject })
			worker.ref()
			worker.postMessage({ id, svg })
		})
	}
}

function start(fonts: readonly string[], onEnd: (renderer: Renderer) => void): Renderer {
	// The source runs as it stands; the package holds what was emitted from it.
	const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
	const worker = new Worker(new URL(`./render-png-thread-node.${extension}`, import.meta.url), {
		workerData: { fonts },
	})
	const waiting: Renderer['waiting'] = new Map()
	const renderer = { worker, waiting }
	const end = (error: Error) => {
		onEnd(renderer)
		for (const { reject } of waiting.values()) reject(error)
		waiting.clear()
	}
	worker.on('message', (answer: Rendered) => {
		const call = waiting.get(answer.id)
		waiting.delete(answer.id)
		if (waiting.size === 0) worker.unref()
		if ('png' in answer) call?.resolve(answer.png)
		else call?.reject(new Error(`the picture could not be rendered: ${answer.error}`))
	})
	worker.on('error', (error) => end(error as Error))
	worker.on('exit', () => end(new Error('the thread that renders pictures has ended')))
	return renderer
}
