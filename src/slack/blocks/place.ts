import type { ChosenSeries } from '../../monitoring/windows/recent-windows.ts'
import { named } from './text.ts'

const maxOthers = 4

/** Whose windows these are, and whose there are besides. */
export function placeText({ series, window, others }: ChosenSeries): string {
	const name = ({ version, environment }: ChosenSeries['series']) =>
		`${named(version, 60)} in ${named(environment, 60)}`
	const segment = series.segment === '' ? '' : `, ${named(series.segment, 60)} = ${named(series.value, 60)}`
	const more = others.length > maxOthers ? ` and ${others.length - maxOthers} more` : ''
	const besides =
		others.length === 0 ? '' : `. There are also ${others.slice(0, maxOthers).map(name).join(', ')}${more}`
	return `Version ${name(series)}${segment}, windows of ${window} in UTC${besides}`
}
