/** System fonts, and colours for a light and a dark scheme; text has a contrast of at least 7:1 in both. */
export const style = `
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --panel: #f4f6f8; --line: #d0d7de; --link: #0a4fa8; }
@media (prefers-color-scheme: dark) {
	:root { --ink: #e8ecf0; --paper: #14181d; --panel: #1e242b; --line: #3a434d; --link: #8fc1ff; }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; color: var(--ink); background: var(--paper); font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: break-word; }
a { color: var(--link); }
a:focus-visible, button:focus-visible, summary:focus-visible, pre:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--paper); padding: .5rem 1rem; }
.layout { display: grid; grid-template-columns: minmax(13rem, 18rem) minmax(0, 54rem); gap: 2.5rem; max-width: 78rem; margin: 0 auto; padding: 1.5rem; }
nav { position: sticky; top: 1rem; align-self: start; max-height: calc(100vh - 2rem); overflow-y: auto; font-size: .92rem; }
nav ul { list-style: none; padding: 0 0 0 .2rem; margin: .2rem 0 1rem; }
nav li a { display: block; padding: .2rem 0; text-decoration: none; }
nav li a:hover { text-decoration: underline; }
h1 { margin: 0 0 .5rem; } h2 { margin: 3rem 0 .5rem; border-bottom: 2px solid var(--line); }
h3 { margin: 2.2rem 0 .3rem; font-size: 1.05rem; } h4 { margin: 1.1rem 0 .3rem; font-size: .95rem; }
code, pre { font: .88rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
code { background: var(--panel); padding: .08em .3em; border-radius: 4px; }
pre { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .75rem; overflow-x: auto; margin: .3rem 0; }
pre code { background: none; padding: 0; }
.method { display: inline-block; min-width: 4.2em; font-weight: 700; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { text-align: left; vertical-align: top; padding: .35rem .7rem .35rem 0; border-bottom: 1px solid var(--line); }
.copy { float: right; font: inherit; font-size: .85rem; min-height: 2.75rem; min-width: 4.5rem; padding: .2rem .8rem; color: var(--ink); background: var(--panel); border: 1px solid var(--line); border-radius: 6px; cursor: pointer; }
@media (max-width: 52rem) {
	.layout { display: block; padding: 1rem; }
	nav { position: static; max-height: none; }
	nav li a { padding: .45rem 0; }
}
@media print { nav, .copy { display: none; } }
`

/** Copy buttons. The page works without the script. */
export const script = `
document.addEventListener('click', async (event) => {
	const button = event.target.closest('.copy')
	if (!button) return
	const command = document.getElementById(button.dataset.from)
	let status = 'Copied'
	try { await navigator.clipboard.writeText(command.textContent) }
	catch { getSelection().selectAllChildren(command); status = 'Selected' }
	button.firstChild.textContent = status
	document.getElementById('said').textContent = status
	setTimeout(() => { button.firstChild.textContent = 'Copy' }, 2000)
})
for (const button of document.querySelectorAll('.copy')) button.hidden = false
`
