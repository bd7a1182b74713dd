import { figure, signedFigure } from './scale.ts'
import { stepsOf, totalText, units, type Waterfall } from './steps.ts'
import { fitCharacters } from './text.ts'

/** What Slack takes for the text of an image. */
const maxCharacters = 2000
const longestTitle = 300

/** All that a waterfall shows, in words: at most 2,000 characters. */
export function altText(data: Waterfall): string {
	const { title, subtitle, base, margin, space, cutOff } = data
	const steps = stepsOf(data)
	const unit = ` ${units[space]}`
	const first = `${fitCharacters(title, longestTitle)}. ${fitCharacters(subtitle, longestTitle)}. From a base of ${totalText(data, base)}${unit}: `
	const last = `; in all ${totalText(data, margin)}${unit}${cutOff === undefined ? '' : `, against a cut-off of ${figure(cutOff)}`}.`
	const words = steps.map(({ name, value, contribution }) => {
		const of = value === undefined ? fitCharacters(name) : `${fitCharacters(name)} (${fitCharacters(value)})`
		return `${of} ${signedFigure(contribution)}`
	})
	let room = maxCharacters - first.length - last.length - ', and 999 more'.length
	const kept = words.findIndex((word) => {
		room -= word.length + 2
		return room < 0
	})
	const said =
		kept === -1 ? words.join(', ') : `${words.slice(0, kept).join(', ')}, and ${words.length - kept} more`
	return `${first}${said || 'nothing was added'}${last}`
}
