/** The result of the work, or undefined if it takes longer. The work goes on. */
export function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
	let timer: ReturnType<typeof setTimeout>
	const late = new Promise<undefined>((resolve) => {
		timer = setTimeout(resolve, ms, undefined)
	})
	return Promise.race([work, late]).finally(() => clearTimeout(timer))
}
