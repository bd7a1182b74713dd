// The worker's bundler puts rule files in as text.
declare module '*.yaml' {
	const text: string
	// biome-ignore lint/style/noDefaultExport: the bundler decides
	export default text
}
