/** What lineage tells apart. Edges go the way that things went: from data to decisions. */
export const nodeKinds = [
	'prediction',
	'version',
	'artifact',
	'run',
	'dataset',
	'commit',
	'image',
	'registered-model',
	'baseline',
	'deployment',
	'request',
	'decisions',
	'rules',
	'settings',
	'reasons',
] as const
export type NodeKind = (typeof nodeKinds)[number]

/** `id` is `<kind>:<name>`; the ids of things that `from` takes are what it takes. */
export type GraphNode = { id: string; kind: NodeKind; name: string; attributes: Record<string, unknown> }
/** `source`: who says so, where it is not the registration. */
export type GraphEdge = { from: string; to: string; kind: string; at: string | null; source?: 'mlflow' }

export class LineageGraph {
	private readonly nodes = new Map<string, GraphNode>()
	private readonly edges = new Map<string, GraphEdge>()

	/** Answers the node's id. What is known of a node already stays; new attributes are added. */
	node(kind: NodeKind, name: string, attributes: Record<string, unknown> = {}): string {
		const id = `${kind}:${name}`
		const known = this.nodes.get(id)
		this.nodes.set(id, { id, kind, name, attributes: { ...attributes, ...known?.attributes } })
		return id
	}

	edge(from: string, to: string, kind: string, at: string | null = null, source?: 'mlflow'): void {
		const edge = { from, to, kind, at, ...(source ? { source } : {}) }
		this.edges.set(JSON.stringify([from, to, kind]), edge)
	}

	/** What is at most `depth` edges away from a node, whichever way they go. */
	within(from: string, depth: number): { nodes: GraphNode[]; edges: GraphEdge[] } {
		const neighbours = new Map<string, string[]>()
		const join = (a: string, b: string) => void neighbours.set(a, [...(neighbours.get(a) ?? []), b])
		const edges = [...this.edges.values()]
		for (const edge of edges) {
			join(edge.from, edge.to)
			join(edge.to, edge.from)
		}
		const reached = new Set([from])
		let border = [from]
		for (let step = 0; step < depth && border.length > 0; step++) {
			border = border.flatMap((id) => neighbours.get(id) ?? []).filter((id) => !reached.has(id))
			for (const id of border) reached.add(id)
		}
		return {
			nodes: [...this.nodes.values()].filter((n) => reached.has(n.id)),
			edges: edges.filter((e) => reached.has(e.from) && reached.has(e.to)),
		}
	}
}
