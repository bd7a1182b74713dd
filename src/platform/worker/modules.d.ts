// The bundler puts rule files in as text.
declare module '*.yaml' {
	const text: string
	// biome-ignore lint/style/noDefaultExport: the bundler decides
	export default text
}

declare module 'cloudflare:workers' {
	/** Lets work of the current request go on behind its answer. */
	export function waitUntil(work: Promise<unknown>): void
}
