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
const copy = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
};
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    getSelection().selectAllChildren(source);
    const done = await copy(source.innerText);
    button.parentElement.querySelector("[role=status]").textContent =
      done ? "Copied." : "Selected: press Ctrl+C or ⌘C.";
  });
}
addEventListener("beforeprint", () =>
  document.querySelectorAll("details").forEach((part) => {
    part.open = part.open || part.querySelectorAll("tbody tr").length <= 60; // the file has the rest
  }));
