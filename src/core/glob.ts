/** Whether `name` matches a glob in which `*` stands for any run of characters and `?` for one. */
export function matchesGlob(glob: string, name: string): boolean {
	const pattern = glob
		.replace(/[.+^${}()|[\]\\]/g, '\\$&')
		.replace(/\*+/g, '.*')
		.replace(/\?/g, '.')
	return new RegExp(`^${pattern}$`, 's').test(name)
}
