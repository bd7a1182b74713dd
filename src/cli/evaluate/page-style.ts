/** The look of an evaluation's page: light and dark by the reader's choice, and on paper. */
export const pageStyle = `
:root{color-scheme:light dark;--ink:#1b2430;--soft:#55606e;--line:#d5dae1;--paper:#fff;--panel:#f6f8fa;--a:#2160c4;--b:#b4530a;--good:#1a7f4b;--bad:#b42318;--open:#8a5a00}
@media (prefers-color-scheme:dark){:root{--ink:#e6ebf2;--soft:#a3afbe;--line:#37414e;--paper:#12171e;--panel:#1a212b;--a:#78aefb;--b:#f2a65a;--good:#5fd39a;--bad:#ff9287;--open:#f0c25c}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:960px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:26px;line-height:1.2;margin:0 0 4px}h2{font-size:19px;margin:36px 0 10px}h3{font-size:16px;margin:26px 0 8px}
p{margin:6px 0;max-width:75ch}.soft,figcaption,caption{color:var(--soft)}
.wrap{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;width:100%;margin:6px 0}
caption{text-align:left;font-size:13px;padding:4px 0}
th,td{text-align:left;padding:5px 12px 5px 0;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:break-word}
th{font-weight:600}td.n,th.n{text-align:right;white-space:nowrap}td.why{overflow-wrap:anywhere;color:var(--soft);font-size:13px;min-width:16em}
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,400px),1fr));gap:20px}
figure{margin:0;padding:14px;background:var(--panel);border:1px solid var(--line);border-radius:8px;break-inside:avoid;min-width:0}
figcaption{font-size:13px;margin-top:6px}figure h3{margin:0 0 6px}
svg{display:block;width:100%;height:auto;font:12px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
svg .tick{fill:var(--soft)}svg .label{fill:var(--ink)}svg .on{fill:var(--paper)}
svg .grid{stroke:var(--line);stroke-width:1}svg .axis{stroke:var(--soft)}svg .ideal{stroke:var(--soft);stroke-width:1.5;stroke-dasharray:5 4}
svg .curve{fill:none;stroke-width:2;stroke-linejoin:round}svg .curve.a{stroke:var(--a)}svg .curve.b{stroke:var(--b)}
svg .dot.a,svg .bar.a,svg .cell{fill:var(--a)}svg .dot.b,svg .bar.b{fill:var(--b)}svg .bar.see{fill-opacity:.55}
svg .whisker{stroke-width:1.75}svg .whisker.a{stroke:var(--a)}svg .whisker.ink{stroke:var(--ink)}
details{margin:8px 0}summary{cursor:pointer;color:var(--soft);font-size:13px}
.verdicts{list-style:none;padding:0;margin:0}.verdicts li{padding:7px 0;border-bottom:1px solid var(--line)}
.tag{display:inline-block;min-width:8.5em;font-weight:700}.pass{color:var(--good)}.fail{color:var(--bad)}.inconclusive,.doubtful{color:var(--open)}
@media print{:root{--paper:#fff;--panel:#fff;--ink:#000;--soft:#444;--line:#bbb;--a:#2160c4;--b:#b4530a;--good:#1a7f4b;--bad:#b42318;--open:#8a5a00}
main{max-width:none;padding:0}body{font-size:11pt}h2,h3{break-after:avoid}tr{break-inside:avoid}.figures{grid-template-columns:1fr 1fr;gap:10px}summary{display:none}details::details-content{content-visibility:visible;height:auto}.wrap{overflow:visible}}
`
