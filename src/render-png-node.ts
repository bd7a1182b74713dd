import { Worker } from 'node:worker_threads'
import type { Rendered } from './render-png-thread-node.ts'

type Waiting = { resolve: (png: Uint8Array) => void; reject: (error: Error) => void }
type Renderer = { worker: Worker; waiting: Map<number, Waiting> }

let renderer: Renderer | undefined
let nextId = 1

/** An SVG as a PNG, twice its size. The thread that does it starts with the first picture, and holds up no exit. */
export function renderPng(svg: string): Promise<Uint8Array> {
	renderer ??= start()
	const { worker, waiting } = renderer
	return new Promise((resolve, reject) => {
		const id = nextId++
		waiting.set(id, { resolve, reject })
		worker.ref()
		worker.postMessage({ id, svg })
	})
}

function start(): Renderer {
	// The source runs as it stands; the package holds what was emitted from it.
	const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
	const worker = new Worker(new URL(`./render-png-thread-node.${extension}`, import.meta.url))
	const waiting: Renderer['waiting'] = new Map()
	const end = (error: Error) => {
		if (renderer?.worker === worker) renderer = undefined
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
	return { worker, waiting }
}
