import type { AskedPrediction } from '../questions/question.ts'
import { escapeText, type SlackMessage, say } from './text.ts'

/** Where the whole explanation is to be had, to be kept or handed on. */
export function reportMessage({ model, predictionId }: AskedPrediction, publicUrl: string): SlackMessage {
	const path = `/v1/models/${encodeURIComponent(model)}/predictions/${encodeURIComponent(predictionId)}/explanation`
	const link = (end: string, label: string) => `<${escapeText(publicUrl + path + end)}|${label}>`
	return say(
		`The whole explanation, with a key of yours: ${link('', 'as JSON')} (decision, replay, contributions, reasons, what would have changed it, lineage, proof), and its picture ${link('.svg', 'as SVG')} or ${link('.png', 'as PNG')}. A letter to the applicant is not written here: take its reasons from there, in the words of the approved table.`,
	)
}
