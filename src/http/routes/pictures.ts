import { z } from 'zod'
import { drawPrediction } from '../../services/explanation/draw-prediction.ts'
import { endpoint, ok, type Resource } from '../endpoint.ts'
import { modelPath, pathText } from '../schema/common.ts'

const params = z.object({
	...modelPath,
	predictionId: pathText('The id that the prediction was sent with.', '8841'),
})
const access = ['viewer', 'analyst', 'approver', 'auditor'] as const
const about =
	'From the base to the answer, one step a feature: the ten largest, and all others in one. Viewers get it without feature values. Every look-up is in the ledger.'
const words =
	'All that the picture shows, in words, at most 2,000 characters: percent-encoded where it is not ASCII.'
const mostHeader = 6000

/** A text as a header can hold it. */
function headerText(text: string): string {
	let encoded = ''
	for (const character of text) {
		const next = /[^ -~]|%/.test(character) ? encodeURIComponent(character) : character
		if (encoded.length + next.length > mostHeader) break
		encoded += next
	}
	return encoded
}

export const pictures = {
	about: 'Explanations as pictures.',
	endpoints: [
		endpoint({
			method: 'get',
			path: '/v1/models/{model}/predictions/{predictionId}/explanation.svg',
			id: 'drawExplanation',
			summary: 'See why a score was given, as SVG',
			description: `${about} The words of the picture stand in its \`<desc>\` too.`,
			access,
			params,
			answers: {
				200: { description: 'A waterfall', type: 'image/svg+xml', headers: { 'x-alt-text': words } },
			},
			errors: ['conflict'],
			handle: async ({ context, actor, params: asked }) => {
				const { svg, alt } = await drawPrediction(context, actor, asked)
				return ok(svg, { 'content-type': 'image/svg+xml', 'x-alt-text': headerText(alt) })
			},
		}),
		endpoint({
			method: 'get',
			path: '/v1/models/{model}/predictions/{predictionId}/explanation.png',
			id: 'renderExplanation',
			summary: 'See why a score was given, as PNG',
			description: `${about} Not on Workers, which draw the SVG alone.`,
			access,
			params,
			answers: { 200: { description: 'A waterfall', type: 'image/png', headers: { 'x-alt-text': words } } },
			errors: ['conflict'],
			handle: async ({ context, actor, params: asked }) => {
				const { png, alt } = await drawPrediction(context, actor, asked, 'png')
				return new Response(png as Uint8Array<ArrayBuffer>, {
					headers: { 'content-type': 'image/png', 'x-alt-text': headerText(alt) },
				})
			},
		}),
	],
} satisfies Resource
