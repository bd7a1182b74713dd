import { z } from 'zod'
import { InventoryItem } from '../../evidence/inventory/inventory.schema.ts'
import { inventoryCsv, listInventory } from '../../evidence/inventory/list-inventory.ts'
import { modelCard } from '../../evidence/inventory/model-card.ts'
import { pagePolicy } from '../../evidence/reports/render/html.ts'
import { endpoint, ok, type Resource } from '../endpoint.ts'
import { modelPath, pageOf, pageParameters, pathText } from '../parameters.ts'

const example = {
	model: 'credit-default',
	owner: 'credit-risk',
	riskTier: 'high',
	task: 'binary',
	purpose: 'Decides on applications for consumer loans.',
	versions: ['6', '7'],
	serving: { production: '7' },
	validatedAt: '2026-02-01T00:00:00.000Z',
	nextReview: '2027-02-01T00:00:00.000Z',
	openIncidents: 1,
}

const query = z.strictObject({
	format: z.enum(['json', 'csv']).default('json').meta({
		description: '`csv` is the whole inventory in one answer, whatever `cursor` and `limit` are.',
	}),
	...pageParameters,
})

const csvHeaders = {
	'content-type': 'text/csv; charset=utf-8',
	'content-disposition': 'attachment; filename="inventory.csv"',
}

const card = (format: 'md' | 'html', type: string) =>
	endpoint({
		method: 'get',
		path: `/v1/models/{model}/versions/{version}/card.${format}`,
		id: format === 'md' ? 'readModelCard' : 'showModelCard',
		summary: `Read the model card of a version as ${format === 'md' ? 'Markdown' : 'a page'}`,
		description:
			'What is registered and computed under the headings of "Model Cards for Model Reporting" (Mitchell et al., 2019), and what is not known.',
		access: 'viewer',
		params: z.object({ ...modelPath, version: pathText('The name of a version.', '7') }),
		answers: { 200: { description: 'The card', type } },
		handle: async ({ context, actor, params }) =>
			ok(await modelCard(context, actor, params, format), {
				'content-type': `${type}; charset=utf-8`,
				...(format === 'html' ? { 'content-security-policy': pagePolicy } : {}),
			}),
	})

export const inventory = {
	about: 'The models, with what a regulator asks of each.',
	endpoints: [
		endpoint({
			method: 'get',
			path: '/v1/inventory',
			id: 'listInventory',
			summary: 'List the inventory of models',
			access: 'viewer',
			query,
			answers: {
				200: {
					description: 'The models in the scope of the key, by name',
					schema: pageOf(InventoryItem),
					otherType: 'text/csv',
					example: { items: [example], next: null },
				},
			},
			handle: async ({ context, actor, query: { format, ...page } }) =>
				format === 'csv'
					? ok(await inventoryCsv(context, actor), csvHeaders)
					: ok(await listInventory(context, actor, page)),
		}),
		card('md', 'text/markdown'),
		card('html', 'text/html'),
	],
} satisfies Resource
