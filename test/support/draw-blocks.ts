import { type Attributes, element, escape, picture, rect } from '../../src/charts/svg.ts'
import { textWidth, withoutControls } from '../../src/charts/text.ts'
import type { Json } from './server.ts'

// Draws messages and modals of Block Kit as people see them in Slack, for the documentation.

const width = 720
const margin = 20
const avatar = 36
const left = margin + avatar + 12
const right = width - margin
const size = 14
const lineHeight = 21
const mono = "'DejaVu Sans Mono', monospace"
const monoAdvance = 0.602
const colours = {
	text: '#1d1c1d',
	soft: '#616061',
	rule: '#dddddd',
	link: '#1264a3',
	code: '#c01343',
	codeGround: '#f8f8f8',
	primary: '#007a5a',
	danger: '#e01e5a',
	field: '#868686',
}

/** One thing in a picture. `to`: only that person sees it. `isReply`: in a thread. */
export type Scene =
	| {
			kind: 'message'
			author: string
			text?: string
			blocks?: readonly Json[]
			to?: string
			isReply?: boolean
	  }
	| { kind: 'modal'; person: string; view: Json; typed?: Readonly<Record<string, string>> }
	| { kind: 'note'; text: string }

type Style = { bold?: boolean; code?: boolean; link?: boolean; soft?: boolean }
type Run = { text: string } & Style
type Line = Run[]

const emoji: Record<string, [sign: string, colour: string]> = {
	red_circle: ['●', '#dd2e44'],
	large_orange_circle: ['●', '#f4900c'],
	large_yellow_circle: ['●', '#fdcb58'],
	large_green_circle: ['●', '#78b159'],
	large_blue_circle: ['●', '#55acee'],
	white_circle: ['○', '#868686'],
	white_check_mark: ['✔', '#2e8b57'],
	heavy_check_mark: ['✔', '#1d1c1d'],
	x: ['✘', '#dd2e44'],
	no_entry: ['✘', '#dd2e44'],
	warning: ['▲', '#f4900c'],
	hourglass_flowing_sand: ['◷', '#616061'],
	rotating_light: ['▲', '#dd2e44'],
}

const unescaped = (text: string): string =>
	text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')

/** Slack's markup as runs of one style. */
function runsOf(markup: string, base: Style = {}): (Run & { colour?: string })[] {
	const runs: (Run & { colour?: string })[] = []
	const token =
		/`([^`\n]+)`|<([^<>|]+)(?:\|([^<>]+))?>|(?<=^|[\s(•])\*([^*\n]+)\*(?=$|[\s.,:;)!?])|(?<=^|[\s(])_([^_\n]+)_(?=$|[\s.,:;)!?])|:([a-z_]+):/g
	let at = 0
	for (const found of markup.matchAll(token)) {
		const [whole, code, target, name, bold, italic, sign] = found
		if (sign !== undefined && !(sign in emoji)) continue
		if (found.index > at) runs.push({ ...base, text: unescaped(markup.slice(at, found.index)) })
		at = found.index + whole.length
		if (code !== undefined) runs.push({ ...base, text: unescaped(code), code: true })
		else if (target !== undefined) runs.push({ ...base, text: unescaped(name ?? target), link: true })
		else if (bold !== undefined) runs.push(...runsOf(bold, { ...base, bold: true }))
		else if (italic !== undefined) runs.push(...runsOf(italic, base))
		else {
			const [text, colour] = emoji[sign as string] as [string, string]
			runs.push({ ...base, text, colour })
		}
	}
	if (at < markup.length) runs.push({ ...base, text: unescaped(markup.slice(at)) })
	return runs
}

const widthOf = ({ text, code, bold }: Run, at: number): number =>
	code ? text.length * monoAdvance * at : textWidth(text, at, bold === true) * (bold ? 0.97 : 1)

/** Lines of at most `max` pixels, broken between words; words that are too long are broken anywhere. */
function wrapped(markup: string, max: number, at = size, base: Style = {}): Line[] {
	return markup.split('\n').flatMap((text) => {
		const lines: Line[] = [[]]
		let room = max
		for (const run of runsOf(text, base))
			for (const word of run.text.split(/(?<=\s)/)) {
				let rest = { ...run, text: word }
				let wide = widthOf({ ...rest, text: word.trimEnd() }, at)
				if (wide > room && room < max) {
					lines.push([])
					room = max
				}
				while (wide > max) {
					const fits = Math.max(1, Math.floor((rest.text.length * max) / wide))
					lines.at(-1)?.push({ ...rest, text: rest.text.slice(0, fits) })
					lines.push([])
					rest = { ...rest, text: rest.text.slice(fits) }
					wide = widthOf(rest, at)
				}
				lines.at(-1)?.push(rest)
				room -= widthOf(rest, at)
			}
		return lines
	})
}

// The renderer drops a line of two fonts with a ligature in it.
const withoutLigatures = (text: string): string => text.replace(/f(?=[filt])/g, 'f\u200c')

/** Runs of a line flow after one another, so that the renderer's own widths decide where each begins. */
function textLine(x: number, y: number, line: Line, attributes: Attributes = {}): string {
	const at = Number(attributes['font-size'] ?? size)
	const hasCode = line.some((run) => run.code)
	const spans = line.map((run) => {
		const { bold, code, link, soft } = run
		const fill =
			(run as { colour?: string }).colour ??
			(code ? colours.code : link ? colours.link : soft ? colours.soft : undefined)
		return element(
			'tspan',
			{
				...(bold ? { 'font-weight': 'bold' } : {}),
				...(code ? { 'font-family': mono, 'font-size': at - 1 } : {}),
				...(fill ? { fill } : {}),
			},
			escape(withoutControls(hasCode && !run.code ? withoutLigatures(run.text) : run.text)),
		)
	})
	return element('text', { x, y, 'font-size': size, 'xml:space': 'preserve', ...attributes }, ...spans)
}

type Drawn = { height: number; parts: string[] }
const none: Drawn = { height: 0, parts: [] }

function paragraph(x: number, y: number, max: number, markup: string, at = size, base: Style = {}): Drawn {
	const step = at === size ? lineHeight : Math.round(at * 1.45)
	const lines = wrapped(markup, max, at, base)
	return {
		height: lines.length * step,
		parts: lines.map((line, i) =>
			textLine(x, y + step * (i + 1) - Math.round(step * 0.28), line, { 'font-size': at }),
		),
	}
}

/** A text with preformatted parts between its paragraphs. */
function markdown(x: number, y: number, max: number, markup: string): Drawn {
	const drawn: Drawn = { height: 0, parts: [] }
	for (const [i, part] of markup.split('```').entries()) {
		const text = i % 2 === 0 ? part.replace(/^\n+|\n+$/g, '') : part.replace(/^\n|\n$/g, '')
		if (text === '') continue
		const piece =
			i % 2 === 0 ? paragraph(x, y + drawn.height, max, text) : preformatted(x, y + drawn.height, max, text)
		drawn.parts.push(...piece.parts)
		drawn.height += piece.height
	}
	return drawn
}

/** Lines that are too long go on in the next one, as in Slack. */
function preformatted(x: number, y: number, max: number, text: string): Drawn {
	const at = 12
	const step = 17
	const columns = Math.floor((max - 20) / (at * monoAdvance))
	const fitting = new RegExp(`.{1,${columns}}(?:(?<= )|$)|.{1,${columns}}`, 'gu')
	const lines = unescaped(text)
		.split('\n')
		.flatMap((line) => line.match(fitting) ?? [''])
	const height = lines.length * step + 14
	return {
		height: height + 8,
		parts: [
			rect(x, y + 4, max, height, { fill: colours.codeGround, stroke: colours.rule, rx: 4 }),
			...lines.map((line, i) =>
				element(
					'text',
					{
						x: x + 9,
						y: y + 4 + 7 + step * i + 13,
						'font-family': mono,
						'font-size': at,
						'xml:space': 'preserve',
					},
					escape(withoutControls(line)),
				),
			),
		],
	}
}

const textOf = (text: Json): string => (typeof text === 'string' ? text : (text?.text ?? ''))
/** A plain text, so that nothing in it is read as markup. */
const plainRuns = (text: string, style: Style = {}): Line => [{ ...style, text }]

function buttons(x: number, y: number, elements: readonly Json[]): Drawn {
	let at = x
	const parts = elements.flatMap((e) => {
		const name = `${textOf(e.text ?? e.placeholder)}${e.options ? '  ▾' : ''}`
		const wide = textWidth(name, 13, true) + 26
		const ground = e.style === 'primary' ? colours.primary : e.style === 'danger' ? colours.danger : '#ffffff'
		const ink = e.style ? '#ffffff' : colours.text
		const drawn = [
			rect(at, y + 4, wide, 30, { fill: ground, stroke: e.style ? ground : '#bbbbbb', rx: 4 }),
			textLine(at + wide / 2, y + 24, plainRuns(name, { bold: true }), {
				'font-size': 13,
				'text-anchor': 'middle',
				fill: ink,
			}),
		]
		at += wide + 8
		return drawn
	})
	return { height: 42, parts }
}

function drawBlock(
	block: Json,
	x: number,
	y: number,
	max: number,
	typed: Readonly<Record<string, string>>,
): Drawn {
	switch (block.type) {
		case 'header': {
			const lines = wrapped('', max)
			lines.length = 0
			for (const line of wrapped(escape0(textOf(block.text)), max, 17, { bold: true })) lines.push(line)
			return {
				height: lines.length * 25 + 4,
				parts: lines.map((line, i) => textLine(x, y + 20 + i * 25, line, { 'font-size': 17 })),
			}
		}
		case 'section':
			return section(block, x, y, max)
		case 'context': {
			const text = (block.elements ?? []).map((e: Json) => textOf(e.text ?? e.alt_text)).join('  ')
			const drawn = paragraph(x, y, max, text, 12, { soft: true })
			return { height: drawn.height + 4, parts: drawn.parts }
		}
		case 'divider':
			return { height: 17, parts: [rect(x, y + 8, max, 1, { fill: colours.rule })] }
		case 'actions':
			return buttons(x, y, block.elements ?? [])
		case 'image':
			return paragraph(x, y, max, escape0(`(picture: ${block.alt_text})`), 12, { soft: true })
		case 'input':
			return input(block, x, y, max, typed)
		case 'table':
			return table(block, x, y, max)
		default:
			return paragraph(x, y, max, escape0(`(${block.type})`), 12, { soft: true })
	}
}

/** So that a plain text keeps its angle brackets when it is read as markup. */
const escape0 = (text: string): string =>
	text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

function section(block: Json, x: number, y: number, max: number): Drawn {
	const wide = block.accessory ? max - 140 : max
	const text = textOf(block.text)
	const drawn =
		text === '' ? none : markdown(x, y, wide, block.text.type === 'plain_text' ? escape0(text) : text)
	const parts = [...drawn.parts]
	let height = drawn.height
	const column = max / 2
	const fields: Json[] = block.fields ?? []
	for (let i = 0; i < fields.length; i += 2) {
		const pair = fields
			.slice(i, i + 2)
			.map((field, j) => paragraph(x + column * j, y + height + 2, column - 12, textOf(field)))
		parts.push(...pair.flatMap((p) => p.parts))
		height += Math.max(...pair.map((p) => p.height)) + 6
	}
	if (block.accessory) parts.push(...buttons(x + max - 130, y - 2, [block.accessory]).parts)
	return { height: Math.max(height, block.accessory ? 40 : 0) + 6, parts }
}

function input(
	block: Json,
	x: number,
	y: number,
	max: number,
	typed: Readonly<Record<string, string>>,
): Drawn {
	const { element: field } = block
	const name = textOf(block.label)
	const value =
		typed[field.action_id] ??
		typed[Object.keys(typed).find((k) => name.toLowerCase().includes(k)) ?? ''] ??
		''
	const parts = [textLine(x, y + 18, plainRuns(name, { bold: true }))]
	if (field.type === 'radio_buttons') {
		const options: Json[] = field.options
		const isChosen = (o: Json) => value === textOf(o.text) || value === o.value
		options.forEach((o, i) => {
			const at = y + 42 + i * 24
			parts.push(element('circle', { cx: x + 8, cy: at - 5, r: 7, fill: '#ffffff', stroke: colours.field }))
			if (isChosen(o)) parts.push(element('circle', { cx: x + 8, cy: at - 5, r: 4, fill: colours.link }))
			parts.push(textLine(x + 24, at, plainRuns(textOf(o.text))))
		})
		return { height: 32 + options.length * 24 + 6, parts }
	}
	const shown = value || textOf(field.placeholder)
	const lines = wrapped(escape0(shown || ' '), max - 24, size, value ? {} : { soft: true })
	const tall = Math.max(field.multiline ? 2 : 1, lines.length) * lineHeight + 14
	parts.push(rect(x, y + 27, max, tall, { fill: '#ffffff', stroke: colours.field, rx: 4 }))
	parts.push(...lines.map((line, i) => textLine(x + 12, y + 27 + 21 + i * lineHeight, line)))
	if (field.options) parts.push(textLine(x + max - 22, y + 48, plainRuns('▾')))
	const hint = textOf(block.hint)
	const below = hint === '' ? none : paragraph(x, y + 27 + tall + 2, max, escape0(hint), 12, { soft: true })
	return { height: 27 + tall + below.height + 10, parts: [...parts, ...below.parts] }
}

function table(block: Json, x: number, y: number, max: number): Drawn {
	const rows: Json[][] = block.rows ?? []
	const column = max / Math.max(1, rows[0]?.length ?? 1)
	const cell = (c: Json): string => c.text ?? JSON.stringify(c)
	return {
		height: rows.length * 24 + 8,
		parts: rows.flatMap((row, i) => [
			...row.map((c, j) =>
				textLine(x + 6 + j * column, y + 18 + i * 24, plainRuns(cell(c), { bold: i === 0 })),
			),
			rect(x, y + 24 + i * 24, max, 1, { fill: colours.rule }),
		]),
	}
}

function drawBlocks(
	blocks: readonly Json[],
	x: number,
	y: number,
	max: number,
	typed: Readonly<Record<string, string>> = {},
): Drawn {
	const drawn: Drawn = { height: 0, parts: [] }
	for (const block of blocks) {
		const { height, parts } = drawBlock(block, x, y + drawn.height, max, typed)
		drawn.parts.push(...parts)
		drawn.height += height
	}
	return drawn
}

const grounds = ['#4a154b', '#1164a3', '#2eb67d', '#b5480f', '#6b4fbb']
const groundOf = (author: string): string => {
	let sum = 0
	for (const c of author) sum = (sum * 31 + c.charCodeAt(0)) % 997
	return author === 'Plumbline' ? '#1f2a37' : (grounds[sum % grounds.length] as string)
}

function drawMessage(scene: Extract<Scene, { kind: 'message' }>, y: number): Drawn {
	const { author, text, blocks, to } = scene
	const indent = scene.isReply ? 40 : 0
	const x = left + indent
	const parts: string[] = []
	let top = y
	if (to !== undefined) {
		parts.push(textLine(x, top + 13, plainRuns(`Only visible to ${to}`, { soft: true }), { 'font-size': 12 }))
		top += 20
	}
	const isApp = author === 'Plumbline'
	parts.push(
		rect(margin + indent, top, avatar, avatar, { fill: groundOf(author), rx: 6 }),
		textLine(
			margin + indent + avatar / 2,
			top + 25,
			plainRuns(author.slice(0, 1).toUpperCase(), { bold: true }),
			{
				'font-size': 19,
				'text-anchor': 'middle',
				fill: '#ffffff',
			},
		),
		textLine(x, top + 14, plainRuns(author, { bold: true })),
	)
	if (isApp) {
		const at = x + textWidth(author, size, true) + 6
		parts.push(
			rect(at, top + 2, 30, 14, { fill: '#e8e8e8', rx: 2 }),
			textLine(at + 15, top + 13, plainRuns('APP', { bold: true, soft: true }), {
				'font-size': 9,
				'text-anchor': 'middle',
			}),
		)
	}
	const body = blocks
		? drawBlocks(blocks, x, top + 20, right - x)
		: paragraph(x, top + 20, right - x, text ?? '')
	return { height: top - y + Math.max(avatar, 20 + body.height) + 16, parts: [...parts, ...body.parts] }
}

function drawModal({ person, view, typed }: Extract<Scene, { kind: 'modal' }>, y: number): Drawn {
	const x = 70
	const wide = width - 2 * x
	const note = textLine(x, y + 13, plainRuns(`What ${person} sees`, { soft: true }), { 'font-size': 12 })
	const top = y + 22
	const body = drawBlocks(view.blocks, x + 24, top + 64, wide - 48, typed)
	const height = 64 + body.height + 60
	const submit = view.submit ? [{ text: view.submit, style: 'primary' }] : []
	const all = [{ text: view.close ?? 'Close' }, ...submit]
	const wideOf = (b: Json) => textWidth(textOf(b.text), 13, true) + 26 + 8
	const start = x + wide - 24 + 8 - all.reduce((sum, b) => sum + wideOf(b), 0)
	return {
		height: 22 + height + 18,
		parts: [
			note,
			rect(x, top, wide, height, { fill: '#ffffff', stroke: '#bbbbbb', rx: 8 }),
			textLine(x + 24, top + 37, plainRuns(textOf(view.title), { bold: true }), { 'font-size': 18 }),
			rect(x, top + 55, wide, 1, { fill: colours.rule }),
			...body.parts,
			...buttons(start, top + height - 46, all).parts,
		],
	}
}

function drawNote(text: string, y: number): Drawn {
	const line = plainRuns(text, { soft: true })
	const wide = textWidth(text, 12) + 24
	return {
		height: 40,
		parts: [
			rect(margin, y + 11, width - 2 * margin, 1, { fill: colours.rule }),
			rect((width - wide) / 2, y, wide, 24, { fill: '#ffffff', stroke: colours.rule, rx: 12 }),
			textLine(width / 2, y + 16, line, { 'font-size': 12, 'text-anchor': 'middle' }),
		],
	}
}

const draw = (scene: Scene, y: number): Drawn =>
	scene.kind === 'message'
		? drawMessage(scene, y)
		: scene.kind === 'modal'
			? drawModal(scene, y)
			: drawNote(scene.text, y)

/** One picture of some scenes, from top to bottom. */
export function drawScenes(title: string, scenes: readonly Scene[]): string {
	let y = margin
	const parts: string[] = []
	for (const scene of scenes) {
		const drawn = draw(scene, y)
		parts.push(...drawn.parts)
		y += drawn.height
	}
	return picture({ width, height: y + 4 }, title, title, element('g', { fill: colours.text }, ...parts))
}
