import { z } from 'zod'
import type { Context } from '../../context.ts'
import { readers } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { drawPrediction } from '../../decisions/explanation/draw-explanation.ts'
import { drawImportance } from '../../monitoring/importance/draw-importance.ts'
import { endpoint, ok, type Resource } from '../endpoint.ts'
import { modelPath, pathText, scopeParameters } from '../parameters.ts'

const predictionPath = z.object({
	...modelPath,
	predictionId: pathText('The id that the prediction was sent with.', '8841'),
})
const importanceQuery = z.strictObject({
	...scopeParameters,
	output: z.string().min(1).max(256).optional().meta({
		description: 'Multiclass: the class. The first when left out.',
		example: 'approve',
	}),
})
const auditors = ['analyst', 'auditor'] as const
const waterfall =
	'From the base to the answer, one step a feature: the ten largest, and all others in one. Viewers get it without feature values. Every look-up is in the ledger.'
const beeswarm =
	'At most 1,000 rows of the period, a dot each or for several: its place is what a feature adds to the answer, its colour how high the value is. At most 20 features, the most important first.'
const noWorkers = 'Not on Workers, which draw the SVG alone.'
const inDesc = 'The words of the picture stand in its `<desc>` too.'
const words =
	'All that the picture shows, in words, at most 2,000 characters: percent-encoded where it is not ASCII.'
const maxHeader = 6000

/** A text as a header can hold it. */
function headerText(text: string): string {
	let encoded = ''
	for (const character of text) {
		const next = /[^ -~]|%/.test(character) ? encodeURIComponent(character) : character
		if (encoded.length + next.length > maxHeader) break
		encoded += next
	}
	return encoded
}

type Drawn = { svg: string; alt: string }

const svgReply = ({ svg, alt }: Drawn) =>
	ok(svg, { 'content-type': 'image/svg+xml', 'x-alt-text': headerText(alt) })

/** Asks for the renderer before anything is looked up. */
async function pngReply({ renderPng }: Context, draw: () => Promise<Drawn>): Promise<Response> {
	if (!renderPng)
		throw new AppError('not-found', 'No PNG can be made on this platform. Take the same address with .svg.')
	const { svg, alt } = await draw()
	return new Response((await renderPng(svg)) as Uint8Array<ArrayBuffer>, {
		headers: { 'content-type': 'image/png', 'x-alt-text': headerText(alt) },
	})
}

const answer = (type: string, description: string) => ({
	200: { description, type, headers: { 'x-alt-text': words } },
})

export const pictures = {
	about: 'Explanations as pictures.',
	endpoints: [
		endpoint({
			method: 'get',
			path: '/v1/models/{model}/predictions/{predictionId}/explanation.svg',
			id: 'drawExplanation',
			summary: 'See why a score was given, as SVG',
			description: `${waterfall} ${inDesc}`,
			access: readers,
			params: predictionPath,
			answers: answer('image/svg+xml', 'A waterfall'),
			errors: ['conflict'],
			handle: async ({ context, actor, params }) => svgReply(await drawPrediction(context, actor, params)),
		}),
		endpoint({
			method: 'get',
			path: '/v1/models/{model}/predictions/{predictionId}/explanation.png',
			id: 'renderExplanation',
			summary: 'See why a score was given, as PNG',
			description: `${waterfall} ${noWorkers}`,
			access: readers,
			params: predictionPath,
			answers: answer('image/png', 'A waterfall'),
			errors: ['conflict'],
			handle: ({ context, actor, params }) => pngReply(context, () => drawPrediction(context, actor, params)),
		}),
		endpoint({
			method: 'get',
			path: '/v1/models/{model}/importance.svg',
			id: 'drawImportance',
			summary: 'See what moves the answers of a model, as SVG',
			description: `${beeswarm} ${inDesc}`,
			access: auditors,
			params: z.strictObject(modelPath),
			query: importanceQuery,
			answers: answer('image/svg+xml', 'A beeswarm'),
			errors: ['conflict'],
			handle: async ({ context, actor, params: { model }, query }) =>
				svgReply(await drawImportance(context, actor, { ...query, model })),
		}),
		endpoint({
			method: 'get',
			path: '/v1/models/{model}/importance.png',
			id: 'renderImportance',
			summary: 'See what moves the answers of a model, as PNG',
			description: `${beeswarm} ${noWorkers}`,
			access: auditors,
			params: z.strictObject(modelPath),
			query: importanceQuery,
			answers: answer('image/png', 'A beeswarm'),
			errors: ['conflict'],
			handle: ({ context, actor, params: { model }, query }) =>
				pngReply(context, () => drawImportance(context, actor, { ...query, model })),
		}),
	],
} satisfies Resource
