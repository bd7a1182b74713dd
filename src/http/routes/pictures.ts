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
	predictionId: pathText('The id of the prediction.', '8841'),
})
const importanceQuery = z.strictObject({
	...scopeParameters,
	output: z.string().min(1).max(256).optional().meta({
		description: 'Multiclass: the class. Default: the first.',
		example: 'approve',
	}),
})
const auditors = ['analyst', 'auditor'] as const
const waterfall =
	'From the base value to the output, one step per feature: the ten largest, and the others together. Viewers do not see feature values. Every look-up is recorded in the ledger.'
const beeswarm =
	'At most 1,000 rows of the period. The position of a dot is the contribution of a feature, its colour the value. At most 20 features, the most important first.'
const noWorkers = 'Not available on Workers, which only draw the SVG.'
const inDesc = 'The `<desc>` of the picture has its text too.'
const words =
	'The content of the picture as text, at most 2,000 characters; characters outside ASCII are percent-encoded.'
const maxHeader = 6000

/** A text in a form that a header can hold. */
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

/** Checks for the renderer before anything is looked up. */
async function pngReply({ renderPng }: Context, draw: () => Promise<Drawn>): Promise<Response> {
	if (!renderPng)
		throw new AppError('not-found', 'This platform cannot render PNG. Use the same path with .svg.')
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
			summary: 'Draw an explanation as SVG',
			description: `${waterfall} ${inDesc}`,
			access: readers,
			params: predictionPath,
			answers: answer('image/svg+xml', 'A waterfall'),
			errors: ['conflict', 'erased'],
			handle: async ({ context, actor, params }) => svgReply(await drawPrediction(context, actor, params)),
		}),
		endpoint({
			method: 'get',
			path: '/v1/models/{model}/predictions/{predictionId}/explanation.png',
			id: 'renderExplanation',
			summary: 'Draw an explanation as PNG',
			description: `${waterfall} ${noWorkers}`,
			access: readers,
			params: predictionPath,
			answers: answer('image/png', 'A waterfall'),
			errors: ['conflict', 'erased'],
			handle: ({ context, actor, params }) => pngReply(context, () => drawPrediction(context, actor, params)),
		}),
		endpoint({
			method: 'get',
			path: '/v1/models/{model}/importance.svg',
			id: 'drawImportance',
			summary: 'Draw feature importance as SVG',
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
			summary: 'Draw feature importance as PNG',
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
