import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type ChatBlock, plainOf, readReply } from '../../src/cli/chat-text.ts'
import { pngRenderer } from '../../src/platform/node/render-png.ts'
import type { Chapter } from './conversation-story.ts'
import { drawScenes, type Scene } from './draw-blocks.ts'
import type { Json } from './server.ts'

const docs = fileURLToPath(new URL('../../docs/', import.meta.url))
const pictures = 'conversation'
const mono = fileURLToPath(import.meta.resolve('dejavu-fonts-ttf/ttf/DejaVuSansMono.ttf'))

/** Written anew with `npm run conversation`; otherwise compared. */
const isWriting = process.env.PLUMBLINE_WRITE_CONVERSATION === '1'

const introduction = `# A conversation

What happens in Slack, and after it, when a model drifts: an incident, why, a rollback that is requested, refused to the person
who asked, approved by two others, carried out in MLflow and in the deployment that serving processes follow, and verified by the
rule that fired. A test has this conversation with the whole service, a Slack workspace and a real MLflow server, and compares it
with this page; \`npm run conversation\` writes it anew. Ids and addresses are shortened.
`

/** Names for what differs from run to run: ids in the order in which they appear, times to ten minutes, addresses. */
export function stableText(names: Readonly<Record<string, string>>): (text: string) => string {
	const known = new Map<string, string>()
	const counts = new Map<string, number>()
	const named = (id: string, kind: string): string => {
		const name = known.get(id)
		if (name !== undefined) return name
		const count = (counts.get(kind) ?? 0) + 1
		counts.set(kind, count)
		known.set(id, `${kind}_${count}`)
		return `${kind}_${count}`
	}
	return (text) => {
		let stable = text
		for (const [value, name] of Object.entries(names)) stable = stable.replaceAll(value, name)
		return stable
			.replace(/\b([a-z]{3})_[0-9a-z]{26}\b/g, (id, kind: string) => named(id, kind))
			.replace(/(\d\d:)(\d)\d( UTC|:\d\d(\.\d+)?Z)/g, '$1$20$3')
			.replace(/ledger entry \d+/g, 'ledger entry 42')
			.replace(/http:\/\/127\.0\.0\.1:\d+/g, 'http://mlflow:5000')
	}
}

const quoted = (text: string): string =>
	text
		.split('\n')
		.map((line) => `> ${line}`.trimEnd())
		.join('\n')
const fenced = (text: string): string => `\`\`\`\n${text.replaceAll('```', "'''").trim()}\n\`\`\``

/** A scene as text. */
function textOf(scene: Scene): string {
	if (scene.kind === 'note') return `*${scene.text}.*`
	if (scene.kind === 'modal') {
		const { lines, fields } = readReply(scene.view.blocks as ChatBlock[])
		const filled = fields.map(({ id, label }) => {
			const typed = Object.entries(scene.typed ?? {}).find(
				([k]) => k === id || label.toLowerCase().includes(k),
			)
			return `${label}: ${typed?.[1] ?? ''}`.trimEnd()
		})
		const title = `[${scene.view.title?.text ?? ''}]`
		return `What ${scene.person} sees:\n\n${fenced([title, ...lines, ...filled].join('\n'))}`
	}
	if (scene.blocks === undefined) return `**${scene.author}**\n\n${quoted(plainOf(scene.text ?? ''))}`
	const { lines } = readReply(scene.blocks as ChatBlock[])
	const to = scene.to === undefined ? '' : `, only visible to ${scene.to}`
	return `**${scene.author}**${to}:\n\n${fenced(lines.join('\n'))}`
}

const alternative = ({ title }: Chapter): string => `${title.replace(/\?$/, '')}, as people see it in Slack`

const mapTexts = (value: Json, change: (text: string) => string): Json => {
	if (typeof value === 'string') return change(value)
	if (Array.isArray(value)) return value.map((each) => mapTexts(each, change))
	if (typeof value !== 'object' || value === null) return value
	return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, mapTexts(each, change)]))
}

/**
 * Compares the page and its pictures with a conversation, or writes them. Answers the names of the files that differ. Texts
 * are compared, not pixels: a picture is drawn from nothing else, and its SVG is compared by its digest in the page.
 */
export async function checkTranscript(
	chapters: readonly Chapter[],
	end: string,
	stable: (text: string) => string,
): Promise<{ page: string; expected: string; differing: string[] }> {
	const shown: Chapter[] = chapters.map((chapter) => mapTexts(chapter, stable))
	const page = `${[
		introduction.trimEnd(),
		...shown.map((chapter) =>
			[
				`## ${chapter.title}`,
				`![${alternative(chapter)}](${pictures}/${chapter.id}.png)`,
				'<details><summary>As text</summary>',
				...chapter.scenes.map(textOf),
				'</details>',
			].join('\n\n'),
		),
		stable(end).trimEnd(),
	].join('\n\n')}\n`
	const render = pngRenderer([mono])
	const files: [name: string, content: string | Uint8Array][] = [['conversation.md', page]]
	for (const chapter of shown)
		files.push([`${pictures}/${chapter.id}.png`, await render(drawScenes(chapter.title, chapter.scenes))])
	const differing: string[] = []
	for (const [name, content] of files) {
		const path = docs + name
		const isSame = existsSync(path) && Buffer.from(content).equals(readFileSync(path))
		if (isSame) continue
		if (!isWriting) differing.push(name)
		else {
			mkdirSync(`${docs}${pictures}`, { recursive: true })
			writeFileSync(path, content)
		}
	}
	const expected = existsSync(`${docs}conversation.md`) ? readFileSync(`${docs}conversation.md`, 'utf8') : ''
	return { page, expected, differing }
}
