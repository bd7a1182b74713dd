import { globSync, readFileSync } from 'node:fs'
import { dirname, normalize } from 'node:path'
import { avoidedWordsIn } from './avoided-words.ts'

// How the source is cut, in numbers. `node .ci/figures.ts --list` also names what is counted.

const smallLines = 20
const blockLines = 6

type Source = { path: string; text: string; imports: string[] }

/** Comments may hold code, texts may hold imports: both are rare enough to count by pattern. */
const importPattern =
	/(?:^|\n)\s*(?:import|export)\b[^'"`;]*?from\s*'(\.[^']+)'|\bimport\(\s*'(\.[^']+)'|(?:^|\n)import\s+'(\.[^']+)'/g

const sources: Source[] = globSync('src/**/*.ts')
	.sort()
	.map((path) => {
		const text = readFileSync(path, 'utf8')
		const names = [...text.matchAll(importPattern)].map((m) => (m[1] ?? m[2] ?? m[3]) as string)
		return { path, text, imports: [...new Set(names.map((name) => normalize(`${dirname(path)}/${name}`)))] }
	})
const byPath = new Map(sources.map((source) => [source.path, source]))
const linesOf = (text: string): string[] => text.split('\n').slice(0, -1)

/** Files that import one another around a circle, type imports included: components of Tarjan's algorithm. */
function importCircles(): string[][] {
	const found = new Map<string, { index: number; low: number; isOpen: boolean }>()
	const open: string[] = []
	const circles: string[][] = []
	const visit = (path: string) => {
		const mine = { index: found.size, low: found.size, isOpen: true }
		found.set(path, mine)
		open.push(path)
		const imports = byPath.get(path)?.imports.filter((name) => byPath.has(name)) ?? []
		for (const name of imports) {
			const known = found.get(name)
			if (known === undefined) mine.low = Math.min(mine.low, visit(name).low)
			else if (known.isOpen) mine.low = Math.min(mine.low, known.index)
		}
		if (mine.low === mine.index) {
			const circle = open.splice(open.indexOf(path))
			for (const name of circle) (found.get(name) as { isOpen: boolean }).isOpen = false
			if (circle.length > 1 || imports.includes(path)) circles.push(circle)
		}
		return mine
	}
	for (const { path } of sources) if (!found.has(path)) visit(path)
	return circles
}

const importStatement =
	/^import\b[^;'"]*?from '[^']+'|^import '[^']+'|^export (?:\*|\{[^}]*\}) from '[^']+'/gm
const comment = /^\s*(?:\/\/.*|\/\*[\s\S]*?\*\/)\s*$/gm

/** Lines that say something, with their line numbers: without imports, comments, blanks and lone brackets. */
function significantLines(text: string): { line: number; text: string }[] {
	const blank = (match: string) => match.replace(/[^\n]/g, '')
	return linesOf(text.replace(importStatement, blank).replace(comment, blank))
		.map((line, i) => ({ line: i + 1, text: line.trim() }))
		.filter((line) => /\w/.test(line.text))
}

/** Runs of at least six significant lines that stand a second time in the source, each counted once for each copy. */
function duplicateBlocks(): string[] {
	const files = sources.map(({ path, text }) => ({ path, lines: significantLines(text) }))
	const first = new Map<string, { file: number; at: number }>()
	const blocks: string[] = []
	files.forEach(({ path, lines }, file) => {
		for (let at = 0; at + blockLines <= lines.length; at++) {
			const window = (i: number) =>
				lines
					.slice(i, i + blockLines)
					.map(({ text }) => text)
					.join('\n')
			const known = first.get(window(at))
			const overlaps = known?.file === file && at < known.at + blockLines
			if (!known || overlaps) {
				if (!known) first.set(window(at), { file, at })
				continue
			}
			const other = files[known.file] as (typeof files)[number]
			let length = blockLines
			while (
				at + length < lines.length &&
				lines[at + length]?.text === other.lines[known.at + length]?.text &&
				!(known.file === file && known.at + length >= at)
			)
				length++
			blocks.push(
				`${path}:${lines[at]?.line} = ${other.path}:${other.lines[known.at]?.line} (${length} lines)`,
			)
			at += length - 1
		}
	})
	return blocks
}

const importers = new Map<string, string[]>()
for (const { path, imports } of sources)
	for (const name of imports) importers.set(name, [...(importers.get(name) ?? []), path])

const avoided = avoidedWordsIn('src')
const perWord = new Map<string, number>()
for (const { word } of avoided) perWord.set(word, (perWord.get(word) ?? 0) + 1)

const figures: { name: string; list: string[]; count?: number }[] = [
	{ name: 'source files', list: [], count: sources.length },
	{ name: 'lines', list: [], count: sources.reduce((sum, { text }) => sum + linesOf(text).length, 0) },
	{
		name: `files of ${smallLines} lines or fewer`,
		list: sources.filter(({ text }) => linesOf(text).length <= smallLines).map(({ path }) => path),
	},
	{
		name: 'files imported by exactly one other',
		list: sources
			.filter(({ path }) => importers.get(path)?.length === 1)
			.map(({ path }) => `${path} <- ${importers.get(path)}`),
	},
	{
		name: '`as number` casts',
		list: sources.flatMap(({ path, text }) => (text.match(/\bas number\b/g) ?? []).map(() => path)),
	},
	{ name: `duplicate blocks of ${blockLines} lines or more`, list: duplicateBlocks() },
	{
		name: 'import circles, type imports included',
		list: importCircles().map((circle) => circle.reverse().join(' -> ')),
	},
	{
		name: 'avoided words in identifiers and file names',
		list: [...perWord].sort((a, b) => b[1] - a[1]).map(([word, count]) => `${word}: ${count}`),
		count: avoided.length,
	},
]
const isList = process.argv.includes('--list')
for (const { name, list, count = list.length } of figures) {
	console.log(`${String(count).padStart(7)}  ${name}`)
	if (isList) for (const line of list) console.log(`         ${line}`)
}
