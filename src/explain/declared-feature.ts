/** A feature as the version declares it; what opening a model can use of it. */
export type DeclaredFeature = {
	name: string
	type?: 'numeric' | 'categorical' | 'boolean' | 'text'
	min?: number | undefined
	max?: number | undefined
	values?: readonly string[] | undefined
}
