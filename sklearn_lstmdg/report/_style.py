"""The page's frame: its style, its script, and what holds them."""

__all__ = ["PAGE"]

_STYLE = """\
:root { color-scheme: light dark; --paper: #fff; --ink: #1c2024; --soft: #5b6570; --line: #d9dee3;
  --shade: #f5f7f8; --link: #0b5cad; --mark: #fff4d6; --mark-line: #c98a00;
  --c0: #0b5cad; --c1: #c44e00; --c2: #00805c; --c3: #a8397f; --c4: #8a6a00; --c5: #5b4fc7;
  --c6: #59636e; }
@media screen and (prefers-color-scheme: dark) { :root { --paper: #15181b; --ink: #e4e8eb;
  --soft: #9da8b2; --line: #363d44; --shade: #1d2226; --link: #7db8f2; --mark: #332a12;
  --mark-line: #d6a02a; --c0: #6cb2f5; --c1: #f58f4d; --c2: #3fcba0; --c3: #ee8cc9; --c4: #d9b544;
  --c5: #a99ff5; --c6: #a9b4be; } }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; -webkit-text-size-adjust: 100%; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body { margin: 0; background: var(--paper); color: var(--ink); overflow-wrap: break-word;
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
a { color: var(--link); }
main, header, nav { padding: 0 1rem; max-width: 66rem; margin: 0 auto; }
header { padding-top: 2rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .3rem; letter-spacing: -.01em; }
h2 { font-size: 1.25rem; margin: 0 0 .6rem; padding-top: 1.2rem;
  border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; }
section { margin: 1.8rem 0; scroll-margin-top: 1rem; }
p, ul { margin: .5rem 0; max-width: 46rem; }
ul { padding-left: 1.2rem; }
li { margin: .25rem 0; }
.soft, figcaption, caption { color: var(--soft); font-size: .875rem; }
.alert { background: var(--mark); border-left: 4px solid var(--mark-line); padding: .6rem .9rem;
  border-radius: 0 6px 6px 0; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: .4rem; padding: 0;
  max-width: none; }
nav li { margin: 0; }
nav a { display: block; padding: .3rem .7rem; border: 1px solid var(--line); border-radius: 99px;
  text-decoration: none; font-size: .875rem; }
nav a:hover { background: var(--shade); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); gap: .6rem;
  margin: 1rem 0; padding: 0; }
.tiles div { background: var(--shade); border-radius: 8px; padding: .6rem .8rem; }
.tiles dt { color: var(--soft); font-size: .8125rem; }
.tiles dd { margin: 0; font-size: 1.375rem; font-weight: 600; line-height: 1.3; }
.box { overflow-x: auto; margin: .8rem 0; border: 1px solid var(--line); border-radius: 8px; }
.box:focus-visible, button:focus-visible, a:focus-visible, summary:focus-visible {
  outline: 2px solid var(--link); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; font-size: .875rem;
  font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: .5rem .7rem; position: sticky; left: 0;
  max-width: calc(100vw - 2.2rem); }
th, td { padding: .35rem .7rem; text-align: left; border-top: 1px solid var(--line);
  vertical-align: top; }
td { white-space: nowrap; }
td.long { white-space: normal; min-width: 16rem; }
thead th { background: var(--shade); padding: 0; vertical-align: bottom; }
tbody th { font-weight: 600; white-space: nowrap; position: sticky; left: 0;
  background: var(--paper); }
tbody tr:hover > * { background: var(--shade); }
.number, .number button { text-align: right; }
thead button { all: unset; box-sizing: border-box; cursor: pointer; width: 100%; font-weight: 600;
  padding: .4rem .7rem; line-height: 1.25; }
thead button::after { content: "\\a0\\2195"; color: var(--soft); font-weight: 400; }
th[aria-sort=ascending] button::after { content: "\\a0\\2191"; color: var(--link); }
th[aria-sort=descending] button::after { content: "\\a0\\2193"; color: var(--link); }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(19rem, 100%), 1fr));
  gap: 1rem; align-items: start; }
figure { margin: .6rem 0; max-width: 30rem; }
figure.wide { max-width: none; }
figure svg, figure img { display: block; width: 100%; height: auto; }
figure svg { color: var(--ink); overflow: visible; }
figure svg text { font-family: inherit !important; }
figure img { background: #fff; min-width: 46rem; }
pre { overflow-x: auto; background: var(--shade); padding: .8rem; border-radius: 8px;
  font: .8125rem/1.5 ui-monospace, "SFMono-Regular", Menlo, Consolas, monospace; }
details { margin: .8rem 0; }
summary { cursor: pointer; color: var(--link); }
footer { color: var(--soft); font-size: .875rem; margin: 2.5rem 0; }
@media print {
  @page { margin: 14mm; }
  body { font-size: 10pt; }
  nav, thead button::after { display: none; }
  main, header { max-width: none; padding: 0; }
  section { margin: 1rem 0; }
  h2, h3, caption { break-after: avoid; }
  figure, tr, .tiles, .alert { break-inside: avoid; }
  .box { overflow: visible; }
  figure img { min-width: 0; }
  table { font-size: 7.5pt; }
  th, td, thead button { padding: .15rem .3rem; }
  td, tbody th { white-space: normal; }
  pre { white-space: pre-wrap; }
  .panels { grid-template-columns: repeat(2, 1fr); }
  a { color: inherit; }
}
"""

_SCRIPT = """\
"use strict";
const key = (row, column) => {
  const cell = row.cells[column];
  if (!("value" in cell.dataset)) return cell.textContent.trim();
  return cell.dataset.value === "" ? NaN : Number(cell.dataset.value);
};
const order = (a, b) => typeof a === "number" && typeof b === "number"
  ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true });
const sort = (table, column) => {
  const heads = [...table.tHead.rows[0].cells], head = heads[column];
  const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  heads.forEach((other) => other.removeAttribute("aria-sort"));
  head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
  const rows = [...table.tBodies[0].rows].map((row) => [key(row, column), row]);
  const missing = (value) => Number.isNaN(value);
  rows.sort(([a], [b]) => missing(a) || missing(b) ? missing(a) - missing(b) : sign * order(a, b));
  table.tBodies[0].append(...rows.map(([, row]) => row));
};
for (const table of document.querySelectorAll("table")) {
  [...table.tHead.rows[0].cells].forEach((head, column) =>
    head.firstElementChild.addEventListener("click", () => sort(table, column)));
}
addEventListener("beforeprint", () =>
  document.querySelectorAll("details").forEach((part) => { part.open = true; }));
"""

# The policy keeps the page from loading anything, whatever a name in the folder might contain.
PAGE = (
    """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; \
style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<meta name="generator" content="sklearn_lstmdg $version">
<link rel="icon" href="data:,">
<title>$title</title>
<style>
"""
    + _STYLE
    + """\
</style>
</head>
<body>
<header>
<h1>$title</h1>
<p class="soft">$subtitle</p>
</header>
<nav aria-label="Sections"><ul>$contents</ul></nav>
<main>
$sections
<footer>Written by sklearn_lstmdg $version.</footer>
</main>
<script>
"""
    + _SCRIPT.replace("$", "$$")
    + """\
</script>
</body>
</html>
"""
)
