import { html } from 'hono/html'

/** Text in which `code` between backticks is shown as such. */
export const inline = (text: string) =>
	html`${text.split('`').map((part, i) => (i % 2 === 1 ? html`<code>${part}</code>` : part))}`

export const paragraphs = (text: string) => html`${text.split('\n\n').map((p) => html`<p>${inline(p)}</p>`)}`
