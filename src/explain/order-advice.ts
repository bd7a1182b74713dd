/** What to say where nothing but the order of declared names tells which column of a file is which. */
export function orderAdvice(names: readonly string[]): string {
	const few = names.slice(0, 3).map((name) => JSON.stringify(name))
	return `The file does not name its features: its columns are taken to be ${few.join(', ')}${names.length > 3 ? ' …' : ''} in the order in which they are declared. If that is not the order of training, give \`features\` in the manifest.`
}
