/** The parts of an OpenAPI 3.1 document that the page shows. References point to `#/components/schemas/…`. */
export type Schema = {
	$ref?: string
	type?: string | string[]
	format?: string
	enum?: unknown[]
	const?: unknown
	anyOf?: Schema[]
	oneOf?: Schema[]
	allOf?: Schema[]
	items?: Schema
	properties?: Record<string, Schema>
	required?: string[]
	description?: string
	default?: unknown
	example?: unknown
	minimum?: number
	maximum?: number
	minLength?: number
	maxLength?: number
	maxItems?: number
	additionalProperties?: unknown
}

export type Media = {
	schema?: Schema
	example?: unknown
	examples?: Record<string, { summary?: string; value: unknown }>
}
export type Parameter = {
	name: string
	in: string
	required?: boolean
	description?: string
	schema?: Schema
	example?: unknown
}
export type Operation = {
	operationId: string
	tags: string[]
	summary: string
	description?: string
	security: object[]
	parameters?: Parameter[]
	requestBody?: { required?: boolean; description?: string; content: Record<string, Media> }
	responses: Record<
		string,
		{
			description: string
			headers?: Record<string, { description?: string }>
			content?: Record<string, Media>
		}
	>
}
export type ListedOperation = Operation & { method: string; path: string }

export type Shown = {
	info: { title: string; description: string }
	servers: { url: string }[]
	tags: { name: string; description: string }[]
	paths: Record<string, Record<string, Operation>>
	components: { schemas: Record<string, Schema> }
}

export const operationsOf = (document: Shown, tag: string): ListedOperation[] =>
	Object.entries(document.paths).flatMap(([path, methods]) =>
		Object.entries(methods).flatMap(([method, operation]) =>
			operation.tags.includes(tag) ? [{ ...operation, method, path }] : [],
		),
	)

export const refName = (ref: string): string => ref.slice(ref.lastIndexOf('/') + 1)
